# A primary, a server for analytics and one for reporting. Sessions are sent to
# a pool by the database that they ask for, or by the Go type that they are about.

locals {
  password = env("APP_PASSWORD")
  # Statements that every connection for people's questions begins with.
  careful = ["set default_transaction_read_only = on", "set statement_timeout = '5min'"]
}

node "primary" {
  host     = "db1.example.net"
  user     = "app"
  password = local.password
}

node "analytics" {
  host     = "db2.example.net"
  user     = "app"
  password = local.password
  role     = "replica"
}

node "reporting" {
  host     = "db3.example.net"
  user     = "app"
  password = local.password
  role     = "replica"
}

pool "default" {
  node     = node.primary
  database = "main_db"
  profile  = "medium"
}

pool "analytics" {
  node     = node.analytics
  database = "analytics_db"
  profile  = "heavy"
  hooks {
    on_connect = local.careful
  }
}

pool "reporting" {
  node     = node.reporting
  database = "reporting_db"
  profile  = "batch"
  hooks {
    on_connect = local.careful
  }
}

# The first route that matches wins. What a route doesn't say, it takes.

route "analytics types" {
  entity = "example.com/shop/analytics.*" # every type of that package
  pool   = pool.analytics
}

route "reporting types" {
  entity = "example.com/shop/reporting.*"
  access = "read" # writes of these types go to the default pool, below
  pool   = pool.reporting
}

route "analytics database" {
  database = "analytics"
  pool     = pool.analytics
}

route "reporting database" {
  database = "reporting"
  pool     = pool.reporting
}

route "everything else" {
  pool = pool.default
}

gateway {
  listen = "127.0.0.1:6432"
  user "app" {
    password = local.password
  }
}
