# Each line that is shown has a secret in it, and shows none.
variable "api" {
  sensitive = true
  default   = ["hunter2", { key = "hunter2" }
  ]
}

variable "plain" {
  default = upper("hunter2", 5) # it makes a password
}

locals {
  made        = lookup({}, "hunter2")
  credentials = { a = "hunter2", b = nothing }
  settings    = { password = "hunter2", port = nothing }
}

node "main" {
  password = "${local.made}${var.plain}hunter2${nothing}"
  role     = nonsensitive("x")
}

node "second" {
  role     = join("", [var.api[0], "!"])
  host     = lookup({}, var.api[0])
  port     = env("NAME"[0])
  password = <<-END
    hunter2
    ${tonumber("hunter2")}
  END
}

pool "default" {
  node = file(var.api[0])
}
