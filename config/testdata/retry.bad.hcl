node "main" {}

pool "off" {
  node = node.main
  retry {
    retry_delay = "1s"
  }
}

pool "ranges" {
  node = node.main
  retry {
    max_retries      = 101
    retry_delay      = "0s"
    backoff_factor   = 0.5
    retryable_errors = []
  }
}

pool "errors" {
  node = node.main
  retry {
    max_retries    = 3
    retry_delay    = "never"
    backoff_factor = "much"
    retryable_errors = [
      "serialisation",
      "40p01",
      "4000",
      "55P03",
      "timeout",
    ]
  }
}

pool "setting" {
  node  = node.main
  retry = 3
}
