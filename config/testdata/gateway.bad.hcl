node "main" {}

pool "default" {
  node = node.main
  mode = "session"
  reset = "none"
}

gateway {
  listen = ["0.0.0.0:6432", "6433"]
  auth   = "trust"
}
