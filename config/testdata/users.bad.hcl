node "main" {
  password = ["hunter2"]
}

pool "default" {
  node = node.main
}

gateway {
  auth = "md5"
  user "ann" {
    password = "SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5"
  }
  user "bob" {
  }
  user = "carl"
}
