node "main" {}

pool "default" {
  node = node.main
}

gateway {
  # scram-sha-256 is the default.
  user "ann" {
    password = "md5cafe0000cafe0000cafe0000cafe0000"
  }
  user "bob" {
    password = env("BOBS_PASSWORD", "")
  }
  user "bob" {
    password = "hunter2"
  }
}
