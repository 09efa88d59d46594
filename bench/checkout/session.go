package checkout

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/bench/figures"
	"github.com/unoactor/unoactor/bench/progress"
)

// Within is what one query was run in, with the cost of a round each.
type Within struct {
	What  string `json:"what"`
	Costs []Cost `json:"costs"`
}

// sessionTurns is how many turns each way gets a round: what a session adds is little
// beside a query, so that it takes many short turns to see it.
const sessionTurns = 8

// SessionPlanned is about how long RunSession takes.
func (o Options) SessionPlanned() time.Duration {
	return time.Duration(2*(o.Rounds*sessionTurns+1)) * o.Pass / 2
}

// RunSession compares one query on a bare lease with one in a session, on one goroutine.
func RunSession(ctx context.Context, o Options, p *progress.Progress) ([]Within, error) {
	opened, err := openUnoactor(ctx, o.URL, 4)
	if err != nil {
		return nil, err
	}
	defer opened.close()
	db := opened.(*unoactorPeer).db
	ways := []struct {
		what string
		work func(context.Context, int) error
	}{
		{"lease, query", func(ctx context.Context, n int) error { return onLeases(ctx, db, n) }},
		{"session, query", func(ctx context.Context, n int) error { return inSessions(ctx, db, n) }},
	}
	results := make([]Within, len(ways))
	operations := make([]int, len(ways))
	for i, w := range ways {
		results[i].What = w.what
		if operations[i], err = calibrate(ctx, 1, o.Pass/2, w.work); err != nil {
			return nil, fmt.Errorf("%s: %w", w.what, err)
		}
		p.Done(o.Pass / 2)
	}
	for range o.Rounds * sessionTurns {
		for i, w := range ways {
			runtime.GC()
			cost, err := pass(ctx, 1, operations[i], w.work)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", w.what, err)
			}
			results[i].Costs = append(results[i].Costs, cost)
			p.Done(o.Pass / 2)
		}
	}
	return results, nil
}

func onLeases(ctx context.Context, db *unoactor.DB, n int) error {
	for range n {
		l, err := db.Acquire(ctx)
		if err != nil {
			return err
		}
		var one int
		err = l.QueryRow(ctx, "select 1").Scan(&one)
		l.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

func inSessions(ctx context.Context, db *unoactor.DB, n int) error {
	for range n {
		err := db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
			var one int
			return s.QueryRow(ctx, "select 1").Scan(&one)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// SessionMarkdown is the comparison as a table.
func SessionMarkdown(all []Within) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("## Session\n\n" +
		"One query in a session, and on a bare lease. One goroutine; medians of interleaved turns. More: what the session adds to the lease.\n\n")
	t := figures.NewTable("what", "ns", "CPU ns", "allocations (bytes)", "spread")
	of := func(w Within, figure func(Cost) float64) (all []float64) {
		for _, c := range w.Costs {
			all = append(all, figure(c))
		}
		return all
	}
	ns := func(c Cost) float64 { return c.Nanoseconds }
	medians := make([][4]float64, len(all))
	for i, w := range all {
		medians[i] = [4]float64{figures.Median(of(w, ns)), figures.Median(of(w, func(c Cost) float64 { return c.CPUNanoseconds })),
			figures.Median(of(w, func(c Cost) float64 { return c.Allocations })), figures.Median(of(w, func(c Cost) float64 { return c.Bytes }))}
		m := medians[i]
		t.Row(w.What, figures.Short(m[0]), figures.Short(m[1]), fmt.Sprintf("%.1f (%.0f)", m[2], m[3]), figures.Percent(figures.Spread(of(w, ns))))
	}
	a, b2 := medians[0], medians[1]
	t.Row("more", figures.Short(b2[0]-a[0]), figures.Short(b2[1]-a[1]), fmt.Sprintf("%.1f (%.0f)", b2[2]-a[2], b2[3]-a[3]), "")
	fmt.Fprintln(&b, t)
	return b.String()
}
