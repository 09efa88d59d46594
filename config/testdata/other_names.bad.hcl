node "main" {
  pool_size = 10
}

pool "default" {
  node          = node.main
  pool_size     = 10
  pool_overflow = 20
  pool_timeout  = "30s"
  pool_recycle  = "1h"
  recycle       = "1h"
}
