package gateway_test

import (
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway"
	"github.com/unoactor/unoactor/testkit"
)

func TestWhatFollowsARequestInAConversationIsHeardAtOnce(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	r := w.login(t)
	r.query("listen news")
	_ = r.conn.SetDeadline(time.Now().Add(patience / 4))
	r.write(append([]byte("Q\x00\x00\x00\x1aselect pg_sleep(0.01)\x00"), "y\x00\x00\x00\x04"...))
	if got := r.hearUntil(func(string) bool { return false }); !strings.HasSuffix(got, "FATAL:08P01 EOF") {
		t.Error(got)
	}
	r = w.login(t)
	r.query("listen news")
	_ = r.conn.SetDeadline(time.Now().Add(patience / 4))
	r.write([]byte("Q\x00\x00\x00\rselect 1\x00X\x00\x00\x00\x04"))
	if got := r.hearUntil(func(string) bool { return false }); !strings.HasSuffix(got, "EOF") {
		t.Error(got)
	}
	w.quiet(t)
}

// Each request of this client has the next one held, which ends the conversation for a moment.
func TestAClientThatListensForLongTakesNoMoreMemory(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	r := w.login(t)
	r.query("listen news")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const rounds = 2000
	for range rounds {
		r.send(q("reset datestyle"), q("select 1"))
		r.hear(2)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.StackInuse) - int64(before.StackInuse); grown > 100*rounds {
		t.Errorf("%d bytes of stack", grown)
	}
}

func TestAClientThatIsIdleKeepsNoBuffer(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	const clients = 30
	var all []*raw
	for range clients {
		all = append(all, w.login(t))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, r := range all {
		r.query("select 1")
		runtime.GC() // of what is borrowed nothing outlives two of them
		runtime.GC()
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > clients*(8<<10) {
		t.Errorf("%d bytes for each client", grown/clients)
	}
	runtime.KeepAlive(all)
}

// indignant is a log that does not take that a client keeps its backend.
type indignant struct{ hclog.Logger }

func (indignant) Debug(text string, _ ...any) {
	if strings.Contains(text, "keeps its backend") {
		panic("a bug")
	}
}

func TestABugInTheMiddleOfAConversationEndsBothItsGoroutines(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Size = 1 })
	gw, err := gateway.New(gateway.Options{Config: w.tree.Topology().Gateway, Router: router{w.tree},
		Log: indignant{hclog.New(&hclog.LoggerOptions{Output: io.Discard})}})
	if err == nil {
		err = gw.Listen()
	}
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- gw.Serve() }()
	w.gateway = gw
	if w.host, w.port, err = net.SplitHostPort(gw.Addr().String()); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		r := w.login(t)
		r.send(parse("select 1"), bind(), execute(0), flush)
		r.hearUntil(func(word string) bool { return strings.HasPrefix(word, "C:") })
		r.send(parse("listen news"))
		if got := r.hearUntil(func(string) bool { return false }); got != "EOF" {
			t.Error(got)
		}
	}
	w.quiet(t)
	if n := gw.Stats().Pinned; n != 0 {
		t.Errorf("%d clients are counted among those that keep their backend", n)
	}
	if err := gw.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
