variable "password" {
  sensitive = true
}

variable "port" {
  type    = number
  default = "five"
}

locals {
  a = local.b
  b = local.a
}

node "main" {
  host     = var.hots
  password = env("UNOACTOR_TEST_UNSET")
  user     = app
}

pool "default" {
  node = node.main
  size = uper("x")
}
