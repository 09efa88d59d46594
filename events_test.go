package unoactor_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/testkit"
)

// diary writes down the events that it is told of.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) write(e messages.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, strings.TrimPrefix(fmt.Sprintf("%T", e), "messages."))
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

func (d *diary) OnPoolCreated(e messages.PoolCreated)         { d.write(e) }
func (d *diary) OnPoolDisposed(e messages.PoolDisposed)       { d.write(e) }
func (d *diary) OnCheckout(e messages.CheckedOut)             { d.write(e) }
func (d *diary) OnCheckin(e messages.CheckedIn)               { d.write(e) }
func (d *diary) OnConnectionError(e messages.ConnectionError) { d.write(e) }

func TestAHandlerIsToldOfEventsFromTheFirstToTheLast(t *testing.T) {
	server, database := testkit.Shared(t)
	var seed, all diary
	sys, err := unoactor.New(t.Context(), topology(server, database), unoactor.WithEvents(&seed))
	if err != nil {
		t.Fatal(err)
	}
	unoactor.Subscribe(sys, all.write)
	db, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	l, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.Destroy(errors.New("on purpose"))
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sys.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := seed.read()
	if len(got) < 7 || got[0] != "PoolCreated" || got[len(got)-1] != "PoolDisposed" {
		t.Errorf("the handler was told of %v", got)
	}
	for kind, want := range map[string]int{"CheckedOut": 2, "CheckedIn": 2, "ConnectionError": 1} {
		if n := count(got, kind); n != want {
			t.Errorf("%d of %s, want %d, in %v", n, kind, want, got)
		}
	}
	everything := all.read()
	for _, kind := range []string{"ConnectionOpened", "ConnectionClosed", "ConnectionRestarted", "PoolDisposed"} {
		if count(everything, kind) == 0 {
			t.Errorf("no %s in %v", kind, everything)
		}
	}
	if count(everything, "ConnectionOpened") != count(everything, "ConnectionClosed") {
		t.Errorf("what was opened was not all closed: %v", everything)
	}
}

func count(lines []string, kind string) int {
	n := 0
	for _, l := range lines {
		if l == kind {
			n++
		}
	}
	return n
}

func TestASubscriptionIsNarrowedByTypePoolAndNode(t *testing.T) {
	db, sys := openSystem(t)
	var opened, elsewhere, onNode diary
	unoactor.Subscribe(sys, func(e messages.ConnectionOpened) { opened.write(e) }, unoactor.InPool("default"))
	unoactor.Subscribe(sys, elsewhere.write, unoactor.InPool("other"))
	last := unoactor.Subscribe(sys, onNode.write, unoactor.OnNode("main"))
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	last.Close()
	if got := onNode.read(); count(got, "CheckedOut") != 1 || count(got, "CheckedIn") != 1 {
		t.Errorf("on the node: %v", got)
	}
	if got := elsewhere.read(); len(got) != 0 {
		t.Errorf("in a pool that there is not: %v", got)
	}
	before := len(onNode.read())
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := onNode.read(); len(got) != before {
		t.Errorf("after Close it was told of %v", got[before:])
	}
}

func TestASlowSubscriberMissesEventsAndDelaysNobody(t *testing.T) {
	db, sys := openSystem(t)
	stuck := make(chan struct{})
	s := unoactor.Subscribe(sys, func(messages.CheckedOut) { <-stuck }, unoactor.Buffer(3))
	for range 20 {
		if err := db.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Missed(); n < 16 || n > 17 {
		t.Errorf("%d were missed: of 20, three wait and one may be told", n)
	}
	close(stuck)
}

func TestASubscriberThatPanicsOrEndsItsGoroutineIsToldOfTheNextEvent(t *testing.T) {
	db, sys := openSystem(t)
	told := make(chan int, 10)
	n := 0
	s := unoactor.Subscribe(sys, func(messages.CheckedIn) {
		n++
		told <- n
		switch n {
		case 1:
			panic("on purpose")
		case 2:
			runtime.Goexit()
		}
	})
	for want := 1; want <= 3; want++ {
		if err := db.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := <-told; got != want {
			t.Errorf("told of event %d, want %d", got, want)
		}
	}
	s.Close()
	if s.Panics() != 2 || s.Missed() != 0 {
		t.Errorf("%d panics, %d missed", s.Panics(), s.Missed())
	}
}

func TestAHandlerMayCloseItsOwnSubscription(t *testing.T) {
	db, sys := openSystem(t)
	var s *unoactor.Subscription
	closed, ready := make(chan struct{}), make(chan struct{})
	s = unoactor.Subscribe(sys, func(messages.CheckedOut) { <-ready; s.Close(); close(closed) })
	close(ready)
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-closed
	s.Close()
}

func openSystem(t *testing.T) (*unoactor.DB, *unoactor.System) {
	t.Helper()
	server, database := testkit.Shared(t)
	sys, err := unoactor.New(t.Context(), topology(server, database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sys.Close(context.Background()) })
	db, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	return db, sys
}

func ExampleSubscribe() {
	ctx := context.Background()
	server := exampleServer(ctx)
	defer server.Close()
	sys, err := unoactor.New(ctx, topology(server, "postgres"))
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(ctx)
	db, err := sys.DB("default")
	if err != nil {
		log.Fatal(err)
	}

	heard := make(chan bool, 1)
	opened := unoactor.Subscribe(sys, func(e messages.ConnectionOpened) {
		fmt.Println("pool", e.Pool, "opened connection", e.Slot, "in less than a minute:", e.Took < time.Minute)
		heard <- true
	}, unoactor.InPool("default"))
	if err := db.Ping(ctx); err != nil {
		log.Fatal(err)
	}
	<-heard // an event may come a moment after what it tells of
	opened.Close()
	// Output: pool default opened connection 0 in less than a minute: true
}
