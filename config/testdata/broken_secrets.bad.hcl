node "main" { password = "hunter2 }

pool "default" {
  password = [
    "hunter2",
    hunter2 hunter2
