node "main" {}

pool "default" {
  node = node.main
}

gateway {
  max_logins             = 10
  max_logins_per_address = 20
  socket_mode            = "rwx"
  socket_group           = "app"
  write_timeout          = "0s"
  user "app" {
    password = env("APP_PASSWORD", "x")
  }
}
