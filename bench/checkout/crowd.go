package checkout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"strings"
	"time"

	"github.com/unoactor/unoactor/bench/figures"
	"github.com/unoactor/unoactor/bench/progress"
)

// Crowd is how a peer does with far more goroutines than backends.
type Crowd struct {
	Peer string `json:"peer"`
	// Cost is that of one acquire and release while all wait for their turn.
	Cost
	// Behind is how many acquires the slowest goroutine was behind the fastest when
	// that had made all of its own: with first come, first served, one or none.
	Behind int `json:"behind"`
	// WaiterBytes is what a waiting goroutine adds to one that waits at a channel:
	// the heap of its wait, and the stack that it grew for it.
	WaiterBytes float64 `json:"waiter_bytes"`
}

// crowdSize is the size of the pool that the crowd wants.
const crowdSize = 4

// CrowdPlanned is about how long a crowd takes with all peers.
const CrowdPlanned = 20 * time.Second

// RunCrowd has that many goroutines acquire from a pool of four, again and
// again, acquires times in all, with each peer in turn.
func RunCrowd(ctx context.Context, url string, goroutines, acquires int, p *progress.Progress) ([]Crowd, error) {
	peers, closeAll, err := openPeers(ctx, url, crowdSize)
	if err != nil {
		return nil, err
	}
	var out []Crowd
	for _, name := range Peers {
		p.Start(fmt.Sprintf("%d acquires by %d goroutines, %s", acquires, goroutines, name))
		c, err := crowd(ctx, peers[name], goroutines, acquires/goroutines)
		if err != nil {
			if !errors.Is(err, ErrStuck) {
				closeAll()
			}
			return nil, fmt.Errorf("crowd: %s: %w", name, err)
		}
		c.Peer = name
		out = append(out, c)
		p.Done(CrowdPlanned / time.Duration(len(Peers)))
	}
	closeAll()
	return out, nil
}

// errFull ends the others when the first has made all of its acquires.
var errFull = errors.New("the first has all")

func crowd(ctx context.Context, p peer, goroutines, each int) (c Crowd, err error) {
	for range 2 { // the first teaches the runtime how large stacks begin
		if c.WaiterBytes, err = waiterBytes(ctx, p, goroutines); err != nil {
			return c, err
		}
	}
	if c.Cost, err = pass(ctx, goroutines, each, func(ctx context.Context, n int) error { return p.checkouts(ctx, n, true) }); err != nil {
		return c, err
	}
	made := make([]int, goroutines)
	_, err = drive(ctx, goroutines, func(ctx context.Context, i int) error {
		for range each {
			if err := p.checkouts(ctx, 1, true); err != nil {
				return err
			}
			made[i]++
		}
		return errFull
	})
	if !errors.Is(err, errFull) {
		return c, cmp.Or(err, errors.New("nobody came to an end"))
	}
	for _, n := range made {
		c.Behind = max(c.Behind, each-n)
	}
	return c, nil
}

// waiterBytes compares the memory of goroutines that wait at a channel with that
// of as many that wait for a lease.
func waiterBytes(ctx context.Context, p peer, goroutines int) (float64, error) {
	giveBack, err := p.hold(ctx)
	if err != nil {
		return 0, err
	}
	start, ended := make(chan struct{}), make(chan error, goroutines)
	for range goroutines {
		go func() {
			<-start
			ended <- p.checkouts(ctx, 1, false)
		}()
	}
	before, err := restingMemory(ctx)
	if err == nil {
		close(start)
		var after float64
		if after, err = restingMemory(ctx); err == nil {
			before = (after - before) / float64(goroutines)
		}
	} else {
		close(start)
	}
	giveBack()
	for range goroutines {
		err = cmp.Or(err, <-ended)
	}
	return before, err
}

// restingMemory is the heap and the stacks in use once every goroutine but this
// one waits for something.
func restingMemory(ctx context.Context) (float64, error) {
	sample := []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}, {Name: "/sched/goroutines/running:goroutines"}}
	for rest := 0; rest < 5; {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		metrics.Read(sample)
		if sample[0].Value.Uint64() == 0 && sample[1].Value.Uint64() <= 1 {
			rest++
		} else {
			rest = 0
		}
		<-time.After(5 * time.Millisecond)
	}
	for range 3 { // what a sync.Pool keeps is gone after two
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse), nil
}

// CrowdMarkdown is the crowds as a table.
func CrowdMarkdown(crowds []Crowd, goroutines, acquires int) string {
	if len(crowds) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d acquires by %d goroutines on %d backends. Behind: how many acquires the slowest goroutine was behind the fastest\n"+
		"when that had made all of its own. Bytes a waiter: beyond those of a goroutine that waits at a channel.\n\n", acquires, goroutines, crowdSize)
	t := figures.NewTable("peer", "ns an acquire", "CPU ns", "allocations (bytes)", "behind", "bytes a waiter")
	for _, c := range crowds {
		t.Row(c.Peer, figures.Short(c.Nanoseconds), figures.Short(c.CPUNanoseconds), fmt.Sprintf("%.1f (%.0f)", c.Allocations, c.Bytes),
			fmt.Sprint(c.Behind), fmt.Sprintf("%.0f", c.WaiterBytes))
	}
	fmt.Fprintln(&b, t)
	return b.String()
}
