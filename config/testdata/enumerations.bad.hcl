node "main" {
  role = "master"
  tls {
    mode = "on"
  }
}

pool "default" {
  node    = node.main
  mode    = "transactoin"
  profile = "huge"
}

route "reads" {
  access = "readonly"
  pool   = pool.default
}

gateway {
  auth = "scram"
}

log {
  level = "verbose"
}
