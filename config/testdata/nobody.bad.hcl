node "main" {}

pool "default" {
  node = node.main
}

gateway {
  listen = []
}
