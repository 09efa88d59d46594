node "main" {}

pool "off" {
  node = node.main
  sizing {
    grow_at   = 0.9
    cool_down = "1m"
  }
}

pool "zero" {
  node = node.main
  sizing {
    step      = 0
    shrink_at = 0.1
  }
}

pool "wrong" {
  node = node.main
  sizing {
    step         = 20000
    grow_at      = 80
    grow_waiting = 0
    shrink_at    = 0
    cool_down    = "never"
  }
}

pool "crossed" {
  node = node.main
  sizing {
    step      = 2
    shrink_at = 0.8
  }
}

pool "crossed_default" {
  node = node.main
  sizing {
    step    = 2
    grow_at = 0.4
  }
}

pool "bare" {
  node = node.main
  size = 5
  sizing {
    step      = 2
    cool_down = "never"
  }
}

pool "twice" {
  node = node.main
  sizing {}
  sizing {
    setp = 3
  }
  retry {
    step = 3
  }
}
