package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/config"
)

// mistakes are topologies with a secret, in most of which something is wrong.
var mistakes = []string{
	// A setting that is misspelt, or not where it belongs.
	`node "n" { passwrd = "S3cret" }`, "node \"n\" {\n  passwrd = \"S3cret\"\n}", "node \"n\" {\n  pass = \"S3cret\"\n}", "node \"n\" {\n  pw = \"S3cret\"\n}", "pasword = \"S3cret\"",
	"gateway {\n  user = \"S3cret\"\n}", "gateway {\n  user \"app\" {\n    passwort = \"S3cret\"\n  }\n}", "pool \"p\" {\n  node = \"n\"\n  key = \"S3cret\"\n}", "log {\n  url = \"S3cret\"\n}",
	"node \"n\" {\n  passwrd = 5 + S3cret\n}", "node \"n\" {\n  passwrd = [\"S3cret\"]\n}", "node \"n\" {\n  passwrd = { a = \"S3cret\" }\n}", "node \"n\" {\n  passwrd = env(\"NOT\", \"S3cret\")\n}",
	"node \"n\" {\n  passwrd = upper(\"S3cret\")\n}", "node \"n\" {\n  passwrd = \"${\"S3cret\"}x\"\n}", "node \"n\" {\n  passwrd = true ? \"S3cret\" : \"b\"\n}", "node \"n\" {\n  passwrd = S3cret\n}",
	"node \"n\" {\n  passwrd = s3cret(1)\n}", "node \"n\" {\n  passwrd = <<EOT\nS3cret\nEOT\n}", "node \"n\" {\n  passwrd = [for x in [\"S3cret\"] : x]\n}", "node \"n\" { tls { psk = \"S3cret\" } }",
	"nod \"n\" { password = \"S3cret\" }", "nod \"n\" { pw = \"S3cret\" }", "node \"n\" { tsl { pw = \"S3cret\" } }", "node \"n\" { password \"S3cret\" {} }", "passwort \"S3cret\" {}", "node \"n\" {\n  passwrd \"S3cret\" {\n  }\n}",
	"locals {\n  password \"S3cret\" {\n  }\n}", "variable \"v\" {\n  defalt = \"S3cret\"\n}", "variable \"v\" { default = \"S3cret\", type = number }",
	// A value of the wrong type, or that can't be worked out.
	"node \"n\" {\n  password = [\"S3cret\"]\n}", "node \"n\" {\n  password = { \"S3cret\" = 1 }\n}", "node \"n\" {\n  password = S3cret\n}", "node \"n\" {\n  password = s3cret.x\n}",
	"node \"n\" {\n  password = pa-S3cret\n}", "node \"n\" {\n  password = s3cret(\"a\")\n}", "node \"n\" {\n  password = upper(S3cret)\n}", "node \"n\" {\n  password = upper(\"S3cret\", 1)\n}",
	"node \"n\" {\n  password = \"a${S3cret}b\"\n}", "node \"n\" {\n  password = [for x in \"S3cret\" : x]\n}", "node \"n\" {\n  password = \"S3cret\" + 1\n}", "node \"n\" {\n  password = -\"S3cret\"\n}", "node \"n\" {\n  password = \"S3cret\".x\n}",
	"node \"n\" {\n  password = \"S3cret\"[0]\n}", "node \"n\" {\n  password = nothing ? \"S3cret\" : 1\n}", "node \"n\" {\n  password = env(\"NOT\", \"S3cret\", 1)\n}", "node \"n\" {\n  password = env(\"NOT\", [\"S3cret\"])\n}",
	"node \"n\" {\n  password = jsondecode(\"S3cret\")\n}", "node \"n\" {\n  password = jsondecode(\"{\\\"a\\\":\\\"S3cret\\\"}\")\n}", "node \"n\" {\n  password = <<EOT\n${nothing}S3cret\nEOT\n}", "node \"n\" {\n  password = <<-EOT\n    S3cret\n    ${nothing} S3cret\n  EOT\n}",
	"node \"n\" {\n  password = [\n    \"S3cret\",\n    nothing, \"S3cret\"\n  ]\n}", "gateway {\n  user \"a\" {\n    password = \"md5S3cret\"\n  }\n}", "gateway {\n  user \"a\" {\n    password = \"SCRAM-SHA-256$S3cret\"\n  }\n}",
	"node \"n\" {\n  password = format(\"%d\", \"S3cret\")\n}", "node \"n\" {\n  password = regex(\"(S3cret\", \"a\")\n}", "node \"n\" {\n  password = tonumber(\"S3cret\")\n}",
	"node \"n\" {\n  password = \"S3cret\"\n  password = \"S3cret\"\n}", "node \"n\" {\n  passwrd = \"S3cret\"\n  passwrd = \"S3cret\"\n}", "locals {\n  a = \"S3cret\"\n  a = \"S3cret\"\n}",
	// Variables and locals.
	"variable \"v\" {\n  type = number\n  default = \"S3cret\"\n}", "variable \"v\" {\n  default = S3cret\n}", "variable \"v\" {\n  default = \"S3cret\" + 1\n}", "locals {\n  v = \"S3cret\" + 1\n}",
	"locals {\n  v = upper([\"S3cret\"])\n}", "locals {\n  v = { a = \"S3cret\", b = nothing }\n}", "locals {\n  v = \"${local.v}S3cret\"\n}", "locals {\n  v = S3cret\n}", "locals {\n  v = [\n    \"S3cret\", nothing\n  ]\n}",
	"locals {\n  v = \"S3cret\"\n}\nnode \"n\" {\n  passwrd = local.v\n  port = local.v\n}", "variable \"v\" {\n  default = \"S3cret\"\n}\nnode \"n\" {\n  passwrd = var.v\n  role = var.v\n}",
	"locals {\n  v = regex(\"(S3cret\", \"a\")\n}", "locals {\n  v = jsondecode(\"S3cret\")\n}", "locals {\n  v = format(\"%S3cret\", 1)\n}", "locals {\n  v = tonumber(\"S3cret\")\n}", "locals {\n  v = { a = 1 }[\"S3cret\"]\n}", "locals {\n  v = s3cret(1)\n}",
	"variable \"v\" {\n  default = regex(\"(S3cret\", \"a\")\n}", "variable \"v\" {\n  type = list(number)\n  default = [\"S3cret\"]\n}", "locals {\n  v = zipmap([\"S3cret\"], [])\n}",
	// URLs and connection strings, in which a password stands.
	"node \"n\" {\n  host = \"postgres://app:S3cret@db/app\"\n}", "node \"n\" {\n  host = \"app:S3cret@db\"\n}", "node \"n\" {\n  host = \"host=db password=S3cret\"\n}", "node \"n\" {\n  host = [\"postgres://app:S3cret@db/app\"]\n}",
	"node \"n\" {\n  port = \"postgres://app:S3cret@db/app\"\n}", "node \"n\" {\n  role = \"postgres://app:S3cret@db/app\"\n}", "node \"n\" {\n  role = \"password='S3cret'\"\n}", "pool \"p\" {\n  node = \"postgres://app:S3cret@db/app\"\n}",
	"node \"n\" {\n  database = \"postgres://app:S3cret@db/app\"\n  port = 0\n  role = \"a\"\n}", "node \"n\" {\n  socket = \"postgres://app:S3cret@db/app\"\n}", "gateway {\n  listen = \"postgres://app:S3cret@db:1\"\n}", "node \"n\" {\n  role = \"postgres://db?password=S3cret\"\n}",
	"node \"n\" {\n  tls {\n    mode = \"postgres://app:S3cret@db/app\"\n  }\n}", "node \"n\" {\n  labels = [\"postgres://app:S3cret@db/app\"]\n}", "route \"r\" {\n  pool = \"postgres://app:S3cret@db/app\"\n}",
	// SQL and settings of the server.
	"pool \"p\" {\n  node = \"n\"\n  hooks {\n    on_connect = [\"alter role a password 'S3cret'\", nothing]\n  }\n}", "pool \"p\" {\n  node = \"n\"\n  hooks {\n    on_connect = { a = \"alter role a password 'S3cret'\" }\n  }\n}",
	"pool \"p\" {\n  node = \"n\"\n  runtime = [\"S3cret\"]\n}", "pool \"p\" {\n  node = \"n\"\n  runtime = { \"app.key\" = \"S3cret\", b = nothing }\n}", "pool \"p\" {\n  node = \"n\"\n  runtime = \"-c app.key=S3cret\"\n}", "pool \"p\" {\n  node = \"n\"\n  reset = [\"select login('S3cret')\"]\n}",
	// Beside a value.
	"node \"n\" {\n  passwrd = \"x\" # S3cret\n}", "node \"n\" {\n  port = \"x\" // was S3cret\n}", "node \"n\" {\n  port = \"x\" /* S3cret */\n}", "node \"n\" {\n  password = \"x\" . S3cret\n}", "locals {\n  v = [\n    S3cret\"x\",\n  ]\n}",
	// What is no HCL.
	"node \"n\" {\n  password = \"S3cret\n}", "node \"n\" {\n  passwrd = \"S3cret\n}", "node \"n\" {\n  pw = \"S3cret\n}", "node \"n\" {\n  passwrd \"S3cret\"\n}", "node \"n\" {\n  password \"S3cret\"\n}", "node \"n\" {\n  password: \"S3cret\"\n}", "node \"n\" {\n  passwrd: S3cret\n}",
	"node \"n\" {\n  password = p@S3cret\n}", "node \"n\" {\n  passwrd = p@S3cret\n}", "node \"n\" {\n  passwrd = 'S3cret'\n}", "node \"n\" {\n  \"password\" = \"S3cret\"\n}", "node \"n\" {\n  \"passwrd\" = \"S3cret\"\n}", "node \"n\" {\n  passwrd := \"S3cret\"\n}", "node \"n\" {\n  passwrd == \"S3cret\"\n}",
	"node \"n\" {\n  port = 1 passwrd = \"S3cret\"\n}", "node \"n\" {\n  port = 1, passwrd = \"S3cret\"\n}", "node \"n\" {\n  host = \"a\" \"S3cret\"\n}", "node \"n\" { host = \"a\"; passwrd = \"S3cret\" }", "node \"n\" { host = \"a\" passwrd \"S3cret\" }", "node \"n\" { passwrd = \"S3cret\"",
	"node \"n\" {\n  passwrd = <<EOT\nS3cret\n}", "node \"n\" {\n  passwrd = <<EOT\nsize = S3cret\n", "node \"n\" {\n  passwrd = \"%{S3cret}\"\n}", "node \"n\" {\n  passwrd = \"%{if S3cret}\"\n}", "node \"n\" {\n  passwrd = \"${S3cret\"\n}", "node \"n\" {\n  passwrd = \"\\S3cret\"\n}", "node \"n\" {\n  passwrd = \"${\"S3cret}\"\n}",
	"node \"n\" {\n  passwrd = [\n    \"S3cret\",\n    \"S3cret\n  ]\n}", "node \"n\" {\n  passwrd = [\"a\"\n    \"S3cret\"]\n}", "node \"n\" {\n  passwrd = {\n a = \"S3cret\" b = 1 }\n}", "node \"n\" {\n  passwrd = S3cret S3cret\n}", "node \"n\" {\n  S3cret\n}", "node \"n\" {\n  password = 5S3cret\n}",
	"node \"n\" {\n  host = \"postgres://app:S3cret@db\n}", "node \"n\" {\n  host = postgres://app:S3cret@db\n}", "node \"n\" {\n  passwrd = \"S3cret\" # comment\n  port = \n}", "node \"n\" {\n  port = # passwrd = \"S3cret\"\n}", "node \"n\" \"S3cret {\n}", "node n passwrd=S3cret {\n}", "export PGPASSWORD=S3cret\n", "S3cret", "passwrd=S3cret\r\n", "{\"node\": {\"n\": {\"passwrd\": \"S3cret\"}}}", "node \"n\" {\n  passwrd = env(\"A\", \"S3cret\"\n}", "node \"n\" {\n  passwrd = (\"S3cret\"\n}",
	"variable \"v\" {\n  default = \"S3cret\n}", "locals {\n  v = \"S3cret\n}", "locals {\n  size = \"S3cret\n}", "locals {\n  v = \"%{S3cret}\"\n}", "pool \"p\" {\n  hooks {\n    on_connect = [\"alter role a password 'S3cret'\" \"b\"]\n  }\n}", "pool \"p\" {\n  runtime = { a = \"S3cret\" \"b\" }\n}",
}

func TestNoMistakeShowsWhatMayBeASecret(t *testing.T) {
	for _, source := range mistakes {
		for _, eol := range []string{"\n", "\r\n"} {
			_, err := config.Parse([]byte(strings.ReplaceAll(source, "\n", eol)), "t.hcl", config.WithEnviron(noEnviron))
			var errs *config.Errors
			if err != nil && errors.As(err, &errs) && strings.Contains(strings.ToLower(fmt.Sprintf("%v %+v %#v", err, errs.Problems, errs.Problems)), "3cret") {
				t.Errorf("of\n%s\na secret is shown:\n%v", source, err)
			}
		}
	}
}
