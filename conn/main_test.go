package conn_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// keeper is an owner that closes whatever comes back unfit, and counts.
type keeper struct {
	mu     sync.Mutex
	slots  *conn.Slots
	unfit  []messages.Cause
	stale  int
	missed int
	hungUp chan int // the slots that it was told of
}

func (k *keeper) Waited(int64)             {}
func (k *keeper) Used(int64)               {}
func (k *keeper) CheckedOut(*conn.Backend) {}
func (k *keeper) CheckedIn(*conn.Backend)  {}
func (k *keeper) HungUp(slot int)          { k.hungUp <- slot }
func (k *keeper) Missed()                  { k.mu.Lock(); k.missed++; k.mu.Unlock() }
func (k *keeper) ReleasedLate(int) {
	k.mu.Lock()
	k.stale++
	k.mu.Unlock()
}

// Unfit cleans a backend up, or closes it: at once, where the supervisor would do
// it in the background.
func (k *keeper) Unfit(b *conn.Backend, cause messages.Cause) {
	k.mu.Lock()
	k.unfit = append(k.unfit, cause)
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if cause == messages.Dirty {
		if why, err := b.CleanUp(ctx); err == nil && k.slots.Return(b.Slot()) == messages.None {
			return
		} else if why != messages.None {
			k.mu.Lock()
			k.unfit = append(k.unfit, why)
			k.mu.Unlock()
		}
	}
	b.Close(ctx)
	k.slots.Vacate(b.Slot())
}

func (k *keeper) causes() []messages.Cause {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]messages.Cause(nil), k.unfit...)
}

// slots makes a pool of slots with n backends in it, without a supervisor.
func slots(t testing.TB, n int, change func(*config.Pool, *conn.DialerOptions)) (*conn.Slots, *keeper, *conn.Dialer, string) {
	t.Helper()
	server, database := testkit.Shared(t)
	p := config.Pool{Name: "default", Node: "main", Size: n, AcquireTimeout: 5 * time.Second}
	var o conn.DialerOptions
	if change != nil {
		change(&p, &o)
	}
	top := config.Topology{Nodes: []config.Node{{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(),
		Password: config.Secret(server.Password()), Database: database}}, Pools: []config.Pool{p}}.Complete()
	d, err := conn.NewDialer(top.Nodes[0], top.Pools[0], o)
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{hungUp: make(chan int, n)}
	s := conn.NewSlots(conn.Options{Pool: top.Pools[0], Owner: k, Hooked: d.HasCheckoutHooks()})
	k.slots = s
	for i := range n {
		b, err := d.Dial(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		s.Install(i, b, s.Generation())
	}
	t.Cleanup(func() {
		s.Close()
		for i := range n {
			if b, idle := s.Retire(i, messages.Drained); idle {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				b.Close(ctx)
				cancel()
				s.Vacate(i)
			}
		}
		if st := s.Stats(); st.Size != 0 {
			t.Errorf("left over: %+v", st)
		}
	})
	return s, k, d, database
}

func acquire(t testing.TB, s *conn.Slots) (conn.Lease, *conn.Backend) {
	t.Helper()
	l, err := s.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Backend()
	if err != nil {
		t.Fatal(err)
	}
	return l, b
}

var errPurpose = errors.New("on purpose")
