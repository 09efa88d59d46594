node "a" {
  require_auth = "scram-sha-256, scram"
}

node "b" {
  require_auth = "scram-sha-256,!password"
}

node "c" {
  require_auth = "!password,!password"
}

node "d" {
  require_auth = "!password,!md5"
}

pool "default" {
  node = node.d
}
