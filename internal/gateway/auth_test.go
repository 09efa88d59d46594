package gateway_test

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"net"
	"net/url"
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
