node "primary" {
  host = "127.0.0.1"
}

pool "default" {
  node = node.primery
}

pool "analytics" {
  node = "replica"
}

route "metrics" {
  database = "metrics"
  pool     = pool.analitics
}

pol "reporting" {
  node = node.primary
}
