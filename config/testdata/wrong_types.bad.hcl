node "main" {
  host            = ["127.0.0.1"]
  port            = 99999
  connect_timeout = 5
}

pool "default" {
  node         = node.main
  size         = "many"
  min_idle     = 1.5
  idle_timeout = "10 minutes"
  echo         = "perhaps"
  labels       = "web"
}
