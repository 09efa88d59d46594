package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
)

func setenv(t *testing.T, variables ...string) {
	t.Helper()
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
}

func TestSettingsComeFromTheEnvironmentWithTheGuidesDefaults(t *testing.T) {
	setenv(t, "UNO_DB_USER=ann", "UNO_DB_PASSWORD=p@ss/w:rd", "UNO_DB_NAME=shop", "UNO_ANALYTICS_USER=cron", "UNO_ANALYTICS_NAME=metrics",
		"UNO_ANALYTICS_HOST=::1", "UNO_ANALYTICS_POOL_RECYCLE=30m", "UNO_ANALYTICS_POOL_SIZE=3")
	s, err := config.SettingsFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	if want := "postgres://ann:p%40ss%2Fw%3Ard@localhost:5432/shop?sslmode=prefer"; s.ConnectionString() != want {
		t.Errorf("%s, want %s", s.ConnectionString(), want)
	}
	if s.PoolSize != 10 || s.PoolOverflow != 20 || s.PoolRecycle != time.Hour {
		t.Errorf("%+v", s)
	}
	if s.Get("db_name", "x") != "shop" || s.Get("db_port", 0) != uint16(5432) || s.Get("db_colour", "blue") != "blue" {
		t.Errorf("%v", s.All())
	}
	other, err := config.SettingsFromEnv("UNO_ANALYTICS_")
	if err != nil || other.ConnectionString() != "postgres://cron@[::1]:5432/metrics?sslmode=prefer" || other.Pool().MaxLifetime != 30*time.Minute || other.Pool().Size != 3 {
		t.Errorf("%+v, %v", other, err)
	}
	node, err := config.ParseURL(s.ConnectionString())
	if own := s.Node(); err != nil || node.Password != own.Password || node.Host != own.Host || node.Database != own.Database || node.TLS != own.TLS {
		t.Errorf("%+v, %v", node, err)
	}
}

func TestSettingsNeverPrintTheirPassword(t *testing.T) {
	setenv(t, "UNO_DB_USER=ann", "UNO_DB_PASSWORD=verysecret", "UNO_DB_NAME=shop")
	s, err := config.SettingsFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(s.All())
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %x", s, s, s), fmt.Sprint(s.All()), string(asJSON)} {
		if strings.Contains(printed, "verysecret") || strings.Contains(printed, fmt.Sprintf("%x", "verysecret")) {
			t.Errorf("%s", printed)
		}
	}
}

func TestAPasswordMayBeInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("verysecret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	setenv(t, "UNO_DB_USER=ann", "UNO_DB_NAME=shop", "UNO_DB_PASSWORD_FILE="+path)
	if s, err := config.SettingsFromEnv(); err != nil || s.Password != "verysecret" {
		t.Errorf("%q, %v", s.Password.Reveal(), err)
	}
	setenv(t, "UNO_DB_PASSWORD_FILE=/nowhere/at/all")
	if _, err := config.SettingsFromEnv(); err == nil || !strings.Contains(err.Error(), "UNO_DB_PASSWORD_FILE names no file that can be read: no such file") {
		t.Errorf("%v", err)
	}
}

func TestAllThatIsWrongInTheEnvironmentIsToldAtOnce(t *testing.T) {
	setenv(t, "UNO_DB_NAME=", "UNO_DB_PASSWORD=verysecret", "UNO_DB_PORT=70000", "UNO_DB_POOL_SIZE=many", "UNO_DB_POOL_RECYCLE=soon")
	_, err := config.SettingsFromEnv()
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{
		"UNO_DB_USER is not set in the environment, or is empty: set it", "UNO_DB_NAME is not set in the environment, or is empty: set it", "UNO_DB_PORT can't be read: want a number from 1 to 65535",
		"UNO_DB_POOL_SIZE can't be read: want a whole number", "UNO_DB_POOL_RECYCLE can't be read: want seconds, or a time with its unit as 30m",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
}

func TestATopologyRefersToTheEnvironmentsSettings(t *testing.T) {
	setenv(t, "UNO_DB_USER=ann", "UNO_DB_PASSWORD=verysecret", "UNO_DB_NAME=shop", "UNO_DB_POOL_SIZE=7")
	const text = `
node "main" {
  host     = db.host
  port     = db.port
  user     = db.user
  password = db.password
  database = db.name
}
pool "default" {
  node         = node.main
  size         = db.pool_size
  max_overflow = db.pool_overflow
  max_lifetime = db.pool_recycle
}`
	top, err := config.Parse([]byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	n, p := top.Nodes[0], top.Pools[0]
	if n.Host != "localhost" || n.Port != 5432 || n.User != "ann" || n.Password != "verysecret" || n.Database != "shop" {
		t.Errorf("%+v", n)
	}
	if p.Size != 7 || p.MaxOverflow != 20 || p.MaxLifetime != time.Hour {
		t.Errorf("%+v", p)
	}
	_, err = config.Parse([]byte(strings.Replace(text, "db.host", "db.password + 1", 1)), "")
	if err == nil || strings.Contains(err.Error(), "verysecret") {
		t.Errorf("%v", err)
	}
}

func TestATopologyThatDoesNotReferToTheEnvironmentNeedsNothingThere(t *testing.T) {
	setenv(t, "UNO_DB_PORT=nonsense")
	if _, err := config.Parse([]byte("node \"n\" {}\npool \"p\" {\n  node = node.n\n}"), ""); err != nil {
		t.Error(err)
	}
}

func TestWhatIsOutOfRangeInTheEnvironmentIsNotTakenForTheDefault(t *testing.T) {
	for variable, want := range map[string]string{
		"POOL_SIZE=0": "POOL_SIZE is 0: want a number from 1 to 10000, or leave it unset for 10", "POOL_SIZE=-1": "POOL_SIZE is -1", "POOL_SIZE=10001": "POOL_SIZE is 10001",
		"POOL_OVERFLOW=-1": "POOL_OVERFLOW is -1: want a number from 0", "POOL_OVERFLOW=9999": "POOL_OVERFLOW and UNO_DB_POOL_SIZE are 10009 together",
		"POOL_RECYCLE=0": "POOL_RECYCLE is 0s: want seconds", "POOL_RECYCLE=-1s": "POOL_RECYCLE is -1s", "PORT=0": "PORT can't be 0: want a number from 1 to 65535",
		"SSLMODE=on": "SSLMODE is not known: want disable, allow", "HOST= ": "HOST names no server: it is empty",
	} {
		t.Run(variable, func(t *testing.T) {
			setenv(t, "UNO_DB_USER=ann", "UNO_DB_NAME=shop", "UNO_DB_"+variable)
			if _, err := config.SettingsFromEnv(); err == nil || !strings.Contains(err.Error(), "UNO_DB_"+want) {
				t.Errorf("%v, want %q", err, want)
			}
			name, _, _ := strings.Cut(variable, "=")
			text := "node \"n\" {}\npool \"p\" {\n  node = node.n\n  labels = { x = db." + strings.ToLower(name) + " }\n}"
			if _, err := config.Parse([]byte(text), "t.hcl"); err == nil || !strings.Contains(err.Error(), "UNO_DB_"+strings.SplitN(want, ":", 2)[0]) {
				t.Errorf("in a topology: %v", err)
			}
		})
	}
	setenv(t, "UNO_DB_USER=ann", "UNO_DB_NAME=shop", "UNO_DB_POOL_OVERFLOW=0", "UNO_DB_POOL_RECYCLE=never", "UNO_DB_POOL_SIZE=")
	s, err := config.SettingsFromEnv()
	if p := s.Pool(); err != nil || p.Size != 10 || p.MaxOverflow != 0 || p.MaxLifetime != config.Never {
		t.Errorf("%+v, %v", p, err)
	}
}
