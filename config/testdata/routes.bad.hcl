node "main" {}

pool "default" {
  node = node.main
}

route "everything" {
  pool = pool.default
}

route "analytics" {
  database = "analytics"
  pool     = pool.default
}

route "metrics" {
  entity = "example.com/*/metrics"
  pool   = pool.default
}
