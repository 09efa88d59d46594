node "off" {
  breaker {
    trip_timeout  = "10s"
    reset_timeout = "10s"
  }
}

node "wrong" {
  breaker {
    failure_threshold = -1
    reset_timeout     = "soon"
  }
}

node "endless" {
  breaker {
    failure_threshold = 5
    trip_timeout      = "never"
    reset_timeout     = "never"
    max_failures      = 5
  }
}

pool "default" {
  node = node.off
  breaker {
    failure_threshold = 5
  }
}
