# One pool in front of one database: the least that a service needs.
#
#   unoactor check examples/single.hcl
#   APP_PASSWORD=... unoactor run -f examples/single.hcl
#   psql -h 127.0.0.1 -p 6432 -U app -d default

# A node is one PostgreSQL server.
node "main" {
  host     = "127.0.0.1"
  port     = 5432
  database = "app"
  user     = "app"
  password = env("APP_PASSWORD")
}

# A pool is connections to one database, as one user, on one node. Clients ask
# for it by its name, as for a database.
pool "default" {
  node = node.main

  # 10 connections are kept, 20 more are opened under load and closed when
  # nobody waits for them. Each is replaced when it is half an hour old.
  profile = "medium"

  # Two are connected before anybody asks.
  min_idle = 2
}

# The gateway is where clients of the daemon connect. A Go service that embeds
# unoactor has no use for it.
gateway {
  listen = "127.0.0.1:6432"

  # Clients prove that they know the password with SCRAM-SHA-256.
  user "app" {
    password = env("APP_PASSWORD")
  }
}
