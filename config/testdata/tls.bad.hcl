node "a" {
  tls {
    mode = "verify_full"
    cert = "client.pem"
  }
}

node "b" {
  host   = "db.example.com"
  socket = "run/postgresql"
  tls {
    mode        = "disable"
    server_name = "db.example.com"
  }
  tls {
    key = "client.key"
  }
}

pool "default" {
  node    = node.a
  tls     = "require"
  runtime = { application_name = "app", user = "app" }
}
