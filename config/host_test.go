package config_test

import (
	"strings"
	"testing"

	"github.com/unoactor/unoactor/config"
)

func TestAHostIsANameAnAddressOrTheFolderOfASocket(t *testing.T) {
	for host, want := range map[string]string{
		"localhost": "", "db-1.example.com": "", "db.example.com.": "", "a_b": "", "größe.example": "", "192.0.2.1": "", "::1": "", "fe80::1%eth0": "", "/var/run/postgresql": "", "/": "",
		"a,b":                             "it has several hosts",
		"a, b":                            "it has several hosts",
		"localhost:5432":                  `it has a port in it`,
		"192.0.2.1:70000":                 "it is no name and no address",
		"[::1]":                           `the brackets around the address belong to a URL`,
		"[::1]:5432":                      `it has a port in it`,
		"[db.example]":                    "it is no name and no address",
		"postgres://u:verysecret@x/y":     "it is a URL",
		"tcp://x":                         "it is a URL",
		"u:verysecret@db.example":         "it has a user in it",
		"@abstract":                       "the abstract namespace",
		" ":                               "it is empty",
		" localhost":                      "it is no name and no address",
		"localhost ":                      "it is no name and no address",
		"local host":                      "it is no name and no address",
		"host=localhost port=5432":        "it is no name and no address",
		"run/postgresql":                  "it is a path that does not begin with /",
		"./run":                           "it is a path that does not begin with /",
		"~/run":                           "it is a path that does not begin with /",
		`C:\run`:                          "it is a path that does not begin with /",
		`\\server\pipe`:                   "it is a path that does not begin with /",
		"local\x00host":                   "it has a control character in it",
		"/run\x00":                        "it has a control character in it",
		"localhost\n":                     "it has a control character in it",
		".":                               "two dots have nothing between them",
		"..":                              "two dots have nothing between them",
		"db..example":                     "two dots have nothing between them",
		".example":                        "two dots have nothing between them",
		"localhost;":                      `there is a ';' in it`,
		"*":                               `there is a '*' in it`,
		"${HOST}":                         `there is a '$' in it`,
		"300.1.1.1":                       "it is no address",
		"10.0.0":                          "it is no address",
		"::1::2":                          "it is no name and no address",
		"a." + strings.Repeat("x", 64):    "more than 63 bytes",
		"/" + strings.Repeat("long/", 30): "is the most that a system takes",
	} {
		top := config.Topology{Nodes: []config.Node{{Name: "main", Host: host}}, Pools: []config.Pool{{Name: "default", Node: "main"}}}.Complete()
		err := top.Check()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), "host of node \"main\": ") || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", host, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%q: %v", host, err)
		}
		text := "node \"main\" {\n  host = " + quotedHCL(host) + "\n}\npool \"default\" { node = node.main }\n"
		if _, err := config.Parse([]byte(text), "t.hcl"); want != "" && (err == nil || strings.Contains(err.Error(), "verysecret")) {
			t.Errorf("in a file: %q: %v", host, err)
		}
		if want != "" {
			setenv(t, "UNO_DB_USER=u", "UNO_DB_NAME=n")
			if strings.Contains(host, "\x00") {
				continue // no environment holds it
			}
			t.Setenv("UNO_DB_HOST", host)
			if _, err := config.SettingsFromEnv(); err == nil || !strings.Contains(err.Error(), "UNO_DB_HOST names no server: ") || strings.Contains(err.Error(), "verysecret") {
				t.Errorf("in the environment: %q: %v", host, err)
			}
		}
	}
}

func quotedHCL(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\x00", `\u0000`, "${", "$${").Replace(s) + `"`
}

func TestWhatToWriteInsteadOfAHostWithAPortIsSaid(t *testing.T) {
	_, err := config.Parse([]byte("node \"main\" {\n  host = \"localhost:5432\"\n}\npool \"default\" { node = node.main }\n"), "t.hcl")
	want := `t.hcl:2: error: host of node "main": it has a port in it
    2 |   host = "localhost:5432"
      |          ^^^^^^^^^^^^^^^^
      = write host = "localhost" and port = 5432`
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	t.Setenv("UNO_DB_USER", "u")
	t.Setenv("UNO_DB_NAME", "n")
	t.Setenv("UNO_DB_HOST", "localhost:5432")
	if _, err := config.SettingsFromEnv(); err == nil || !strings.Contains(err.Error(), `write UNO_DB_HOST="localhost" and UNO_DB_PORT=5432`) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsWrittenAsEmptyIsNotTakenForTheDefault(t *testing.T) {
	for _, line := range []string{`host = ""`, `socket = ""`, `role = ""`, `user = ""`, `database = ""`, "tls {\n mode = \"\"\n}"} {
		_, err := config.Parse([]byte("node \"main\" {\n"+line+"\n}\npool \"default\" { node = node.main }\n"), "t.hcl")
		if err == nil || !strings.Contains(err.Error(), "it is empty") {
			t.Errorf("node: %s: %v", line, err)
		}
	}
	for _, line := range []string{`mode = ""`, `profile = ""`, `order = ""`, `reset = ""`, `user = ""`, `database = ""`} {
		_, err := config.Parse([]byte("node \"main\" {}\npool \"default\" {\n node = node.main\n"+line+"\n}\n"), "t.hcl")
		if err == nil || !strings.Contains(err.Error(), "it is empty") {
			t.Errorf("pool: %s: %v", line, err)
		}
	}
	if _, err := config.Parse([]byte("node \"main\" {\n host = null\n}\npool \"default\" { node = node.main }\n"), "t.hcl"); err != nil {
		t.Error(err)
	}
}
