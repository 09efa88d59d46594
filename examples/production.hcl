# What runs in production: verified TLS to the servers, secrets from files and
# the environment, limits that are thought about, logs for machines.

variable "region" {
  type        = string
  default     = "eu"
  description = "where this daemon runs; set it with --var region=us or UNOACTOR_VAR_region"
}

variable "secrets" {
  type        = string
  default     = "secrets"
  description = "the folder with one file a password, relative to this file"
}

locals {
  domain = "${var.region}.db.example.net"
  app    = file("${var.secrets}/app")
  labels = { region = var.region, service = "shop" }
}

node "primary" {
  host     = "primary.${local.domain}"
  user     = "shop"
  password = local.app
  role     = "primary"
  labels   = local.labels

  # An attempt to connect has 3 seconds; while the server is down it is tried
  # again after 200 ms, 400 ms, ... up to 30 s, by one connection at a time.
  connect_timeout = "3s"
  backoff_min     = "200ms"
  backoff_max     = "30s"

  tls {
    mode = "verify-full"
    ca   = "/etc/unoactor/ca.pem"
  }
}

node "replica" {
  host     = "replica.${local.domain}"
  user     = "shop"
  password = local.app
  role     = "replica"
  labels   = local.labels
  tls {
    mode = "verify-full"
    ca   = "/etc/unoactor/ca.pem"
  }
}

# Short transactions of the web tier.
pool "shop" {
  node            = node.primary
  database        = "shop"
  mode            = "transaction"
  profile         = "heavy"
  max_overflow    = 10    # of the profile's 30
  min_idle        = 5
  acquire_timeout = "2s"  # who waits longer is told, with the state of the pool
  idle_timeout    = "5m"
  leak_after      = "1m"  # nothing of the web tier takes so long: say who it was
  drain_timeout   = "20s"
  runtime = {
    application_name  = "shop"
    statement_timeout = "10s"
  }
}

# Reads that may be a little behind.
pool "shop_read" {
  node     = node.replica
  database = "shop"
  profile  = "heavy"
  runtime = {
    application_name              = "shop-read"
    default_transaction_read_only = "on"
  }
}

# Tools that keep session state (temporary tables, LISTEN, advisory locks): a
# backend is theirs until they disconnect, and is reset with DISCARD ALL then.
pool "tools" {
  node         = node.primary
  database     = "shop"
  mode         = "session"
  profile      = "light"
  max_lifetime = "never"
  hooks {
    on_connect   = ["set statement_timeout = 0"]
    before_close = ["select 1"]
    timeout      = "2s"
  }
}

route "migrations and consoles" {
  database = "shop"
  user     = "admin"
  pool     = pool.tools
}

route "reads" {
  database = "shop_read"
  pool     = pool.shop_read
}

route "everything of the shop" {
  database = "shop"
  pool     = pool.shop
}

gateway {
  listen = ["0.0.0.0:6432"]
  socket = "/run/unoactor" # also as /run/unoactor/.s.PGSQL.6432
  auth   = "scram-sha-256"

  max_clients         = 5000
  login_timeout       = "10s"
  query_wait          = "10s"
  idle_timeout        = "1h"
  idle_in_transaction = "1m"
  drain_timeout       = "25s" # less than the supervisor of this process waits
  max_message         = "64MiB"

  user "shop" {
    # As PostgreSQL stores it (select rolpassword from pg_authid), so that this
    # file needs not know the password itself.
    password = file("${var.secrets}/shop.scram")
  }
  user "admin" {
    password = env("UNOACTOR_ADMIN_PASSWORD")
  }
}

log {
  level  = "info"
  format = "json"
}
