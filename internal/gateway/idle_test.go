package gateway_test

import (
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func TestIdleClientsAreEndedByTheLimitThatFitsTheirState(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) {
		g.IdleTimeout, g.LoginTimeout = 200*time.Millisecond, 300*time.Millisecond
	})
	idle, inside, knocks := w.login(t), w.login(t), w.dial(t)
	inside.query("begin")
	if got := idle.hear(1); got != "FATAL:57P05 EOF" {
		t.Errorf("idle: %s", got)
	}
	if got := knocks.hear(1); got != "FATAL:08006 EOF" {
		t.Errorf("at the door: %s", got)
	}
	// In a transaction there is no limit, though there was one before it.
	inside.expect("select 1", "1")
	inside.query("commit")
	if got := inside.hear(1); got != "FATAL:57P05 EOF" {
		t.Errorf("idle after its transaction: %s", got)
	}

	w = start(t, server, database, func(_ *config.Pool, g *config.Gateway) { g.IdleInTransaction = 200 * time.Millisecond })
	inside = w.login(t)
	inside.query("begin")
	if got := inside.hear(1); got != "FATAL:25P03 EOF" {
		t.Errorf("idle in a transaction: %s", got)
	}
	w.quiet(t)
}

func TestAnEncryptedConnectionIsDeclinedAndTheClientMayGoOnWithout(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	r := w.dial(t)
	for _, code := range []byte{0x2f, 0x30} { // SSLRequest, GSSENCRequest
		r.write([]byte{0, 0, 0, 8, 4, 0xd2, 0x16, code})
		answer := make([]byte, 1)
		if _, err := r.conn.Read(answer); err != nil || answer[0] != 'N' {
			t.Fatalf("%q, %v", answer, err)
		}
	}
	r.write(append([]byte{0, 0, 0, 18, 0, 3, 0, 0}, "user\x00dev\x00\x00"...))
	if got := r.hear(1); got != "Z:I" {
		t.Error(got)
	}
}

func TestAClientThatWaitsForAnAnswerIsNotIdle(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) {
		g.IdleTimeout, g.IdleInTransaction = 200*time.Millisecond, 200*time.Millisecond
	})
	r := w.login(t)
	r.send(parse("select pg_sleep(0.5)"), bind(), execute(0), flush)
	r.hearUntil(is("C:SELECT_1"))
	r.send(sync)
	if got := r.hear(2); got != "Z:I FATAL:57P05 EOF" {
		t.Errorf("idle after a conversation: %s", got)
	}
	r = w.login(t)
	r.send(q("begin"), parse("select pg_sleep(0.5)"), bind(), execute(0), flush)
	r.hearUntil(is("C:SELECT_1"))
	r.send(sync)
	if got := r.hear(2); got != "Z:T FATAL:25P03 EOF" {
		t.Errorf("idle in a transaction after a conversation: %s", got)
	}
	w.quiet(t)
}

func TestAFlushOfNothingTakesNoBackend(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, one)
	r, other := w.login(t), w.login(t)
	r.send(flush)
	other.expect("select 1", "1")
	r.expect("select 2", "2")
	r.send(flush)
	other.expect("select 3", "3")
}
