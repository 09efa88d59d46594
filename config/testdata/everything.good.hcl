# Every setting there is.
variable "name" {
  type        = string
  default     = "app"
  description = "of the database"
  sensitive   = false
}

node "main" {
  host            = "db.example.net"
  port            = 5433
  database        = var.name
  user            = "app"
  password        = file("secret.txt")
  role            = "primary"
  connect_timeout = "2s"
  require_auth    = "scram-sha-256,md5"
  backoff_min     = "50ms"
  backoff_max     = "5s"
  labels          = { region = "eu" }
  tls {
    mode        = "verify-full"
    ca          = "ca.pem"
    cert        = "client.pem"
    key         = "client.key"
    server_name = "db"
  }
  breaker {
    failure_threshold = 5
    trip_timeout      = "30s"
    reset_timeout     = "10s"
  }
}

node "local" {
  socket = "/run/postgresql"
}

pool "default" {
  node            = node.main
  database        = "other"
  user            = "other"
  password        = env("UNOACTOR_TEST_PASSWORD", "fallback")
  mode            = "session"
  profile         = "light"
  size            = 3
  max_overflow    = 1
  min_idle        = 2
  acquire_timeout = "1s"
  max_lifetime    = "1h"
  idle_timeout    = "never"
  keepalive       = "1m"
  order           = "fifo"
  queue_target    = "50ms"
  queue_interval  = "500ms"
  leak_after      = "1m"
  reclaim_after   = "5m"
  drain_timeout   = "3s"
  reset           = "select pg_advisory_unlock_all()"
  echo            = true
  runtime         = { search_path = "app" }
  labels          = { tier = "web" }

  validate_after_idle = "10s"
  validate_timeout    = "250ms"

  sizing {
    step         = 1
    grow_at      = 0.9
    grow_waiting = 2
    shrink_at    = 0.25
    cool_down    = "1m"
  }
  retry {
    max_retries      = 3
    retry_delay      = "50ms"
    backoff_factor   = 1.5
    retryable_errors = ["connection", "40P01"]
  }
  hooks {
    on_connect   = ["select 1", "select 2"]
    on_checkout  = "select 3"
    on_checkin   = []
    before_close = ["select 4"]
    timeout      = "1s"
  }
}

route "all" {
  database = "app"
  user     = "app"
  entity   = "example.com/app.*"
  access   = "read"
  labels   = { tier = "web" }
  pool     = pool.default
}

gateway {
  listen              = ["127.0.0.1:6432", "[::1]:6432"]
  socket              = "/run/unoactor"
  socket_mode         = "0770"
  socket_group        = "app"
  auth                = "md5"
  max_clients         = 100
  max_logins          = 50
  login_timeout       = "5s"
  query_wait          = "10s"
  idle_timeout        = "1h"
  idle_in_transaction = "1m"
  write_timeout       = "2m"
  drain_timeout       = "5s"
  max_message         = "64MiB"

  max_logins_per_address = 20
  user "app" {
    password = "md5cafe0000cafe0000cafe0000cafe0000"
  }
}

log {
  level  = "off"
  format = "json"
}
