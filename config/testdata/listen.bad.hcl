node "main" {}

pool "default" {
  node = node.main
}

gateway {
  listen        = ["127.0.0.1:6432", "127.0.0.1:99999", "127.0.0.1:6432", "localhost"]
  auth          = "trust"
  login_timeout = "never"
  max_message   = 100
}
