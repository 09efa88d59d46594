variable "region" {
  default = "eu"
}

variable "region" {
  default = "us"
}

node "main" {}
node "main" {}

pool "default" {
  node = node.main
}

log {}
log {}
