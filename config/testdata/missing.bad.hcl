node {
  host = "127.0.0.1"
}

node "main" "second" {
}

pool "default" {
  size = 3
}

route "all" {
  database = "app"
}

gateway "front" {
}
