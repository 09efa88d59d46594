variable "region" {
  type        = string
  default     = "eu"
  description = "where this runs"
}

variable "hosts" {
  type    = map(string)
  default = { eu = "10.0.0.1", us = "10.0.1.1" }
}

locals {
  name  = upper(local.short)
  short = "${var.region}-app"
}

node "main" {
  host            = lookup(var.hosts, var.region, "127.0.0.1")
  port            = 5433
  database        = "app"
  user            = "app"
  password        = env("UNOACTOR_TEST_PASSWORD", "fallback")
  role            = "primary"
  connect_timeout = "2s"
  backoff_min     = "50ms"
  backoff_max     = "5s"
  labels          = { region = var.region }
  tls {
    mode = "require"
  }
}

node "local" {
  socket = "/run/postgresql"
  role   = "replica"
}

pool "default" {
  node            = node.main
  size            = 4
  acquire_timeout = "1s"
  runtime         = { application_name = local.name }
  hooks {
    on_connect = ["set statement_timeout = '5s'"]
    on_checkin = "reset all"
    timeout    = "1s"
  }
}

pool "heavy" {
  node         = "local"
  profile      = "heavy"
  size         = 8
  max_lifetime = "never"
  mode         = "session"
}

route "reports" {
  database = "reports"
  access   = "read"
  labels   = { tier = "batch" }
  pool     = pool.heavy
}

gateway {
  listen      = ["127.0.0.1:6432", "[::1]:6432"]
  max_message = "64MiB"
  user "app" {
    password = "md5 is not the beginning of a hash here"
  }
}

log {
  level  = "debug"
  format = "json"
}
