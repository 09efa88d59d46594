node "main" {
  host = "127.0.0.1"
}

pool "default" {
  node         = node.main
  max_overfow  = 3
  acquire_time = "3s"
}
