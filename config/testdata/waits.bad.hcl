node "main" {}

pool "default" {
  node                = node.main
  acquire_timeout     = "2s"
  keepalive           = "0s"
  validate_after_idle = 30
  validate_timeout    = "2s"
  order               = "filo"
  queue_target        = "2500ms"
  queue_interval      = "never"
  leak_after          = "10m"
  reclaim_after       = "5m"
}

pool "defaults" {
  node             = node.main
  queue_target     = "40s"
  validate_timeout = "never"
  leak_after       = "never"
  reclaim_after    = "1s"
}
