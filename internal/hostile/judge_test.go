package hostile_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/testkit"
)

func TestTheDaemonOutlives(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what a process uses is read from /proc, which only Linux has")
	}
	build(t)
	server, database := testkit.Shared(t)
	if err := server.Exec(t.Context(), database, "grant create on schema public to public"); err != nil {
		t.Fatal(err)
	}
	tables := map[string][]row{
		"clients that log in": loginRows, "clients that ask": queryRows, "clients that flood": floodRows,
		"servers that refuse": refusingRows, "servers that lie": lyingRows, "servers that freeze": frozenRows,
		"machines": machineRows,
	}
	ends := time.Now().Add(rounds)
	for round := seed; ; round++ {
		if rounds > 0 {
			t.Logf("HOSTILE_SEED=%d", round)
		}
		t.Run("", func(t *testing.T) {
			for table, rows := range tables {
				t.Run(table, func(t *testing.T) {
					t.Parallel()
					for _, r := range rows {
						if r.long && rounds == 0 {
							continue
						}
						t.Run(r.name, func(t *testing.T) {
							t.Parallel()
							a := &arena{T: t, server: server, database: database, random: rand.New(rand.NewPCG(round, 0)),
								crowd: crowd{over: make(chan struct{})}, finished: make(chan struct{})}
							a.play(r)
						})
					}
				})
			}
		})
		if t.Failed() || !time.Now().Before(ends) {
			return
		}
	}
}

// play lets the row happen and judges it.
func (a *arena) play(r row) {
	r = r.complete()
	if rounds > 0 && a.random.IntN(2) == 0 {
		r.ending = true // whatever goes on, SIGTERM may come at any time
	}
	a.addresses = r.addresses
	a.prepare()
	defer a.finish()
	if r.ready != nil {
		r.ready(a)
	}
	a.daemon = start(a, a.topology(r), r.before...)
	a.serves("before anything happened", usualHeld)
	fresh := a.uses()

	r.do(a)
	if a.daemon.ended() {
		said, _, _ := a.daemon.said.read()
		a.Fatalf("the process is gone:\n%s", tail(said))
	}
	if !r.locked {
		a.serves("while the hostile side holds on", r.held)
	}
	_, peak, err := a.daemon.memory()
	if grown := (peak - fresh.peak) / 1024; err != nil || grown > r.grows {
		a.Errorf("memory grew by %d MiB, its bound is %d; %v", grown, r.grows, err)
	}
	if !r.ending {
		if a.liar != nil {
			a.liar.mended.Store(true)
		}
		a.letGo()
		a.serves("when the hostile side had let go", r.freed)
		if a.liar != nil {
			if err := a.honest("lied", r.freed); err != nil {
				a.Errorf("when the server had been mended its pool did not serve within %v: %v", r.freed, err)
			}
		}
		if r.after != nil {
			r.after(a)
		}
		a.awaitQuiet(r, fresh)
	}
	took, code, err := a.daemon.stop(r.stop)
	if err != nil || code != 0 {
		a.Errorf("SIGTERM: exit code %d after %v: %v", code, took, err)
	}
	a.finish()
	a.leavesNothing()
	a.judgeLog(r)
}

func (a *arena) serves(when string, limit time.Duration) {
	a.Helper()
	err := a.honest("default", limit)
	for end := time.Now().Add(limit); a.addresses > 1 && testkit.IsSQLState(err, "53300") && time.Now().Before(end); {
		// Who is refused because others are logging in comes again, as pools of connections do.
		<-time.After(50 * time.Millisecond)
		err = a.honest("default", limit)
	}
	if err != nil {
		a.Errorf("%s an honest client was not served within %v: %v", when, limit, err)
	}
}

func (a *arena) uses() use {
	a.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	u, err := a.daemon.usage(ctx)
	if err != nil {
		a.Fatal(err)
	}
	return u
}

// settleLimit bounds how long it may take until all is as before.
const settleLimit = 15 * time.Second

// awaitQuiet waits until nothing is left of what the row did.
func (a *arena) awaitQuiet(r row, fresh use) {
	a.Helper()
	var wrong string
	for began := time.Now(); time.Since(began) < settleLimit; <-time.After(100 * time.Millisecond) {
		if wrong = a.busy(); wrong == "" {
			if wrong = compare(fresh, a.uses(), r); wrong == "" {
				return
			}
		}
	}
	a.Errorf("%v after the hostile side had let go: %s", settleLimit, wrong)
}

// busy tells of what still goes on at the server.
func (a *arena) busy() string {
	backends, err := a.server.Backends(context.Background(), fmt.Sprintf("usename = '%s'", a.role))
	if err != nil {
		return err.Error()
	}
	for _, b := range backends {
		if b.InTransaction || b.State == "active" {
			return b.String()
		}
	}
	return ""
}

// Each backend of a pool costs the process a socket and some goroutines.
const goroutinesABackend = 4

func compare(before, after use, r row) string {
	switch {
	case after.memory-before.memory > r.keeps*1024:
		return fmt.Sprintf("%d MiB more are held, the bound is %d", (after.memory-before.memory)/1024, r.keeps)
	case after.descriptors-before.descriptors > 2*poolSize:
		return fmt.Sprintf("%d file descriptors, there were %d", after.descriptors, before.descriptors)
	case after.goroutines-before.goroutines > goroutinesABackend*2*poolSize:
		return fmt.Sprintf("%d goroutines, there were %d:\n%s", after.goroutines, before.goroutines, head(after.stacks))
	}
	return ""
}

// leavesNothing waits until the server has no backend of the row's any more.
func (a *arena) leavesNothing() {
	a.Helper()
	var left []testkit.BackendInfo
	for began := time.Now(); time.Since(began) < settleLimit; <-time.After(50 * time.Millisecond) {
		var err error
		if left, err = a.server.Backends(context.Background(), fmt.Sprintf("usename = '%s'", a.role)); err != nil {
			a.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
	}
	a.Errorf("the process has ended, and left on the server: %v", left)
}

var (
	dumps = regexp.MustCompile(`(?s)goroutines: begin\n.*?goroutines: end\n`)
	shame = regexp.MustCompile(`(?i)panic|DATA RACE|nil pointer|index out of range|goroutine \d+ \[`)
)

// judgeLog looks for what must not be in the log.
func (a *arena) judgeLog(r row) {
	a.Helper()
	said, _, _ := a.daemon.said.read()
	said = dumps.ReplaceAllString(said, "")
	if len(said) > r.log {
		a.Errorf("the log is %d bytes long, its bound is %d:\n%s", len(said), r.log, tail(said))
	}
	if found := shame.FindString(said); found != "" {
		a.Errorf("the log tells of %q:\n%s", found, tail(said))
	}
	for _, secret := range []string{poolPassword, clientPassword, literal} {
		if strings.Contains(said, secret) {
			a.Errorf("the secret %q is in the log:\n%s", secret, tail(said))
		}
	}
	if r.odd != nil {
		r.odd(a, said)
	}
}
