# Settings of the environment that are not set there, or that there are not.
node "main" {
  host     = db.host
  port     = db.port
  user     = db.user
  password = db.password
  database = db.nmae
}

pool "default" {
  node     = node.main
  database = "${db.name}_test"
}
