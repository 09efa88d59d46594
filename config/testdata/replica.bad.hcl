node "primary" {}

node "replica" {
  port = 5433
  role = "replica"
}

pool "default" {
  node = node.primary
}

pool "reads" {
  node = node.replica
}

route "writes" {
  access = "write"
  pool   = pool.reads
}

route "audit" {
  access   = "write"
  database = "audit"
  pool     = pool.default
}
