package gateway_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway"
	"github.com/unoactor/unoactor/testkit"
)

func TestConformance6WhoHasTheWrongPasswordAndWhoIsUnknownHearTheSame(t *testing.T) {
	server, database := testkit.Shared(t)
	ctx := t.Context()
	if err := server.Exec(ctx, database, "drop role if exists verifier; set password_encryption to 'scram-sha-256'; create role verifier password 'stored'"); err != nil {
		t.Fatal(err)
	}
	verifier, err := server.QueryValue(ctx, database, "select rolpassword from pg_authid where rolname = 'verifier'")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Exec(ctx, database, "drop role verifier"); err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum([]byte("stored" + "ben"))
	for auth, stored := range map[config.Auth]string{config.SCRAM: verifier, config.MD5: "md5" + hex.EncodeToString(sum[:])} {
		t.Run(string(auth), func(t *testing.T) {
			w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) {
				g.Auth = auth
				g.Users = []config.User{{Name: "ann", Password: "plain"}, {Name: "ben", Password: config.Secret(stored)}}
			})
			connect := func(user, password string) error {
				c, err := pgx.Connect(ctx, "postgres://"+url.UserPassword(user, password).String()+"@"+net.JoinHostPort(w.host, w.port)+"/default?sslmode=disable")
				if err != nil {
					return err
				}
				var n int
				err = c.QueryRow(ctx, "select 1", pgx.QueryExecModeExec).Scan(&n)
				return errors.Join(err, c.Close(ctx))
			}
			if err := connect("ann", "plain"); err != nil {
				t.Error(err)
			}
			if err := connect("ben", "stored"); err != nil {
				t.Error(err)
			}
			for user, password := range map[string]string{"ann": "wrong", "ben": stored, "nobody": "wrong"} {
				var pg *pgconn.PgError
				if err := connect(user, password); !errors.As(err, &pg) || pg.Code != "28P01" || pg.Severity != "FATAL" ||
					pg.Message != `password authentication failed for user "`+user+`"` || pg.Detail != "" || pg.Hint != "" {
					t.Errorf("%s: %v", user, err)
				}
			}
		})
	}
}

func TestConformance1And2And5StartUp(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	packet := func(version uint32, parameters map[string]string) []byte {
		b, err := (&pgproto3.StartupMessage{ProtocolVersion: version, Parameters: parameters}).Encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	dev := map[string]string{"user": "dev", "database": "default"}
	for _, c := range []struct {
		name string
		send []byte
		want string
	}{
		{"3.0", packet(3<<16, dev), "Z:I"},
		{"2 an unknown option", packet(3<<16, map[string]string{"user": "dev", "database": "default", "_pq_.x": "1"}), "NegotiateProtocolVersion:3.0 Z:I"},
		{"1 a newer protocol", packet(3<<16|9, dev), "NegotiateProtocolVersion:3.0 Z:I"},
		{"another protocol", packet(2<<16, dev), "FATAL:0A000 EOF"},
		{"8 an unknown database is the router's to refuse", packet(3<<16, map[string]string{"user": "dev", "replication": "true"}), "FATAL:0A000 EOF"},
		{"no user", packet(3<<16, nil), "FATAL:28000 EOF"},
		{"a bad setting", packet(3<<16, map[string]string{"user": "dev", "TimeZone": "Nowhere"}), "FATAL:22023 EOF"},
		{"5 huge", []byte{0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0}, "FATAL:08P01 EOF"},
		{"5 tiny", []byte{0, 0, 0, 4, 0, 3, 0, 0}, "FATAL:08P01 EOF"},
		{"5 without an end", []byte{0, 0, 0, 13, 0, 3, 0, 0, 'u', 's', 'e', 'r', 0}, "FATAL:08P01 EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := w.dial(t)
			r.write(c.send)
			if got := r.hearUntil(func(word string) bool { return word == "Z:I" }); got != c.want {
				t.Errorf("%s, not %s", got, c.want)
			}
		})
	}
	r := w.login(t)
	r.write([]byte{'Q', 0, 0, 0, 3})
	if got := r.hear(1); got != "FATAL:08P01 EOF" {
		t.Error(got)
	}
	r = w.login(t)
	r.write([]byte{'Q', 0x7f, 0xff, 0xff, 0xff})
	if got := r.hear(1); got != "FATAL:54000 EOF" {
		t.Error(got)
	}
}

func TestAGatewayThatNobodyCouldLogInToIsNotMade(t *testing.T) {
	_, err := gateway.New(gateway.Options{Config: config.Gateway{Auth: config.SCRAM}})
	if err == nil || !strings.Contains(err.Error(), "it has no user") {
		t.Errorf("got %v", err)
	}
}

// ask says a first SCRAM message as a user, and returns what comes.
func (w world) ask(t *testing.T, user, first string) pgproto3.BackendMessage {
	t.Helper()
	r := w.dial(t)
	r.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": user, "database": "default"}})
	if _, err := r.frontend.Receive(); err != nil {
		t.Fatal(err)
	}
	r.send(&pgproto3.SASLInitialResponse{AuthMechanism: "SCRAM-SHA-256", Data: []byte(first)})
	m, err := r.frontend.Receive()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWhatAClientAsksForBesidesItsPasswordIsRefused(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) {
		g.Auth, g.Users = config.SCRAM, []config.User{{Name: "ann", Password: "secret"}}
	})
	for first, want := range map[string]string{
		"n,a=ben,n=,r=nonce":                 "0A000",
		"y,a=ben,n=,r=nonce":                 "0A000",
		"n,,m=ext,n=,r=nonce":                "0A000",
		"p=tls-server-end-point,,n=,r=nonce": "08P01",
		"n,,r=nonce":                         "08P01",
		"":                                   "08P01",
	} {
		if e, ok := w.ask(t, "ann", first).(*pgproto3.ErrorResponse); !ok || e.Code != want || e.Severity != "FATAL" {
			t.Errorf("%q: %+v, not %s", first, e, want)
		}
	}
	if _, ok := w.ask(t, "ann", "n,,n=whoever,r=nonce").(*pgproto3.AuthenticationSASLContinue); !ok {
		t.Error("the name in the message, which PostgreSQL ignores, is not ignored")
	}
}

func TestWhoIsUnknownIsToldOfCredentialsLikeThoseOfUsersThatThereAre(t *testing.T) {
	server, database := testkit.Shared(t)
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	stored := config.Secret("SCRAM-SHA-256$12345:" + base64.StdEncoding.EncodeToString(make([]byte, 24)) + "$" + key + ":" + key)
	w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) {
		g.Auth, g.Users = config.SCRAM, []config.User{{Name: "ann", Password: stored}}
	})
	challenge := func(user string) (salt string, iterations string) {
		m, ok := w.ask(t, user, "n,,n=,r=nonce").(*pgproto3.AuthenticationSASLContinue)
		if !ok {
			t.Fatalf("%T", m)
		}
		parts := strings.Split(string(m.Data), ",")
		return parts[1], parts[2]
	}
	realSalt, realCount := challenge("ann")
	salt, count := challenge("nobody")
	again, _ := challenge("nobody")
	other, _ := challenge("somebody")
	if count != realCount || len(salt) != len(realSalt) || salt != again || salt == other {
		t.Errorf("a user has %s %s, one that there is not %s %s", realSalt, realCount, salt, count)
	}
}

func TestAPasswordThatSASLprepForbidsIsTakenAsItIs(t *testing.T) {
	psql := needs(t, "psql", "apt-get install postgresql-client")
	server, database := testkit.Shared(t)
	passwords := []string{"tab\there", "\U0001F511 key", "bell\a", "soft\u00adhyphen", "\u00ad", "\ufb01ne", "\u2168", "a\u0627b", "\u0627 1", "\u00a0", "plain", "\u0221"}
	var users []config.User
	for i, p := range passwords {
		users = append(users, config.User{Name: fmt.Sprintf("u%d", i), Password: config.Secret(p)})
	}
	for _, auth := range []config.Auth{config.SCRAM, config.MD5} {
		w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) { g.Auth, g.Users = auth, users })
		for i, p := range passwords {
			cmd := exec.CommandContext(t.Context(), psql, "-w", "-Atc", "select 1")
			cmd.Env = append(w.environ(), "PGUSER="+users[i].Name, "PGPASSWORD="+p)
			if out, err := cmd.CombinedOutput(); err != nil || string(out) != "1\n" {
				t.Errorf("%s, %q: %v %s", auth, p, err, out)
			}
		}
	}
}

func TestNothingMayStandBehindARequestForEncryption(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	for _, code := range []byte{0x2f, 0x30} { // SSLRequest, GSSENCRequest
		r := w.dial(t)
		r.write(append([]byte{0, 0, 0, 8, 4, 0xd2, 0x16, code}, startUp...))
		if got := r.hear(1); got != "FATAL:08P01 EOF" {
			t.Error(got)
		}
	}
}
