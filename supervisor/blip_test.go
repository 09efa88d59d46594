package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// outage is how long after its end a blip may last for those who wait: one second, and
// what a busy machine takes. Without care it is the longest backoff, fifteen.
const outage = 5 * time.Second

// blip is a network that refuses all who connect at once in one moment, and then works.
type blip struct {
	mu      sync.Mutex
	expects int           // connections that have still to come
	refuses chan struct{} // closed when all have
}

func (b *blip) dial(ctx context.Context, network, address string) (net.Conn, error) {
	b.mu.Lock()
	if b.expects > 0 {
		if b.expects--; b.expects == 0 {
			close(b.refuses)
		}
		b.mu.Unlock()
		<-b.refuses
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	b.mu.Unlock()
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// A port that refuses for a moment costs those who wait a fraction of a second, however many
// connections it met, and opens no breaker.
func TestABlipIsOverSoonAfterItsEnd(t *testing.T) {
	server, database := testkit.Shared(t)
	for _, backends := range []int{1, 4, 8, 16} {
		t.Run(fmt.Sprint(backends), func(t *testing.T) {
			port := &blip{expects: backends, refuses: make(chan struct{})}
			n := config.Node{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(), Password: config.Secret(server.Password()),
				Database: database, TLS: config.TLS{Mode: "disable"}, Breaker: config.Breaker{FailureThreshold: 5, ResetTimeout: time.Hour}}
			p := config.Pool{Name: "default", Node: "main", Size: backends, AcquireTimeout: time.Minute}
			s, err := supervisor.Start(config.Topology{Nodes: []config.Node{n}, Pools: []config.Pool{p}, Gateway: config.Gateway{Auth: config.Trust}},
				supervisor.Options{Dialer: func(config.Pool) conn.DialerOptions { return conn.DialerOptions{Dial: port.dial} }})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close(context.Background())
			var all sync.WaitGroup
			for range 2 * backends {
				all.Go(func() {
					if _, err := query(t.Context(), pool(t, s), "select 'x'"); err != nil {
						t.Error(err)
					}
				})
			}
			<-port.refuses
			ended := time.Now()
			all.Wait()
			if took := time.Since(ended); took > outage {
				t.Errorf("it took %v", took)
			}
			if s.Snapshot().Nodes[0].Breaker != messages.BreakerClosed {
				t.Error("the breaker opened for a blip")
			}
		})
	}
}

// Whoever waits for a server that was down for long is served soon after its return.
func TestAServerThatIsBackIsNoticedByThoseWhoWait(t *testing.T) {
	server := testkit.Postgres(t)
	n := config.Node{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(), Database: "postgres",
		BackoffMin: time.Hour, BackoffMax: time.Hour}
	s := start(t, n, config.Pool{Name: "default", Size: 8, AcquireTimeout: time.Hour}, config.Pool{Name: "warm", Size: 8, AcquireTimeout: time.Hour})
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	refused := make(chan error, 1)
	go func() { _, err := pool(t, s).Acquire(ctx); refused <- err }()
	eventually(t, "the node is seen to be down", func() bool { return !s.Snapshot().Nodes[0].Up })
	cancel()
	if err := <-refused; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	if _, err := query(t.Context(), pool(t, s), "select 'x'"); err != nil {
		t.Error(err)
	}
	warm, err := s.Pool("warm")
	if err != nil {
		t.Fatal(err)
	}
	if err := warm.WarmUp(t.Context(), 8); err != nil {
		t.Error(err)
	}
	if took := time.Since(back); took > outage {
		t.Errorf("it took %v", took)
	}
}

// A storm at the start is served in one go.
func TestAServerThatComesUpAfterThoseWhoWaitForItServesAll(t *testing.T) {
	server := testkit.Postgres(t)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	n := config.Node{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(), Database: "postgres"}
	s := start(t, n, config.Pool{Name: "default", Size: 16, AcquireTimeout: time.Hour})
	p := pool(t, s)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if _, err := query(t.Context(), p, "select 'x'"); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "it was tried in vain more than once", func() bool { return s.Snapshot().Nodes[0].Failures > 2 })
	if err := server.Start(t.Context()); err != nil { // recovers first, and says 57P03 meanwhile
		t.Fatal(err)
	}
	up := time.Now()
	all.Wait()
	if took := time.Since(up); took > outage {
		t.Errorf("it took %v", took)
	}
}
