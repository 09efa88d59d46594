node "main" {
  backoff_min = "20s"
  backoff_max = "10s"
}

pool "default" {
  node         = node.main
  size         = 5
  min_idle     = 6
  max_overflow = 20000
}

gateway {
  auth        = "trust"
  max_clients = 0
  max_message = "3 bytes"
}
