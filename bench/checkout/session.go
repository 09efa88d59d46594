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

// Within is what one query was run in, and what that took.
type Within struct {
	What        string    `json:"what"`
	Nanoseconds []float64 `json:"ns"` // of each round the median over its queries
	Allocations float64   `json:"allocations"`
	Bytes       float64   `json:"bytes"`
}

// The session part: a round is so many queries in each way, taken in turns, since the
// time of a query drifts by more than a session adds to it.
const (
	sessionQueries = 20_000
	sessionQuery   = 200 * time.Microsecond // about, for the plan
)

// SessionPlanned is about how long RunSession takes.
func (o Options) SessionPlanned() time.Duration {
	return time.Duration(o.Rounds) * o.sessionRound()
}

func (o Options) sessionRound() time.Duration { return 2 * sessionQueries * sessionQuery }

// RunSession compares one query on a bare lease with one in a session, on one goroutine.
func RunSession(ctx context.Context, o Options, p *progress.Progress) ([]Within, error) {
	opened, err := openUnoactor(ctx, o.URL, 4)
	if err != nil {
		return nil, err
	}
	defer opened.close()
	db := opened.(*unoactorPeer).db
	ways := []func(context.Context, int) error{
		func(ctx context.Context, n int) error { return onLeases(ctx, db, n) },
		func(ctx context.Context, n int) error { return inSessions(ctx, db, n) },
	}
	results := []Within{{What: "lease, query"}, {What: "session, query"}}
	for i, way := range ways {
		cost, err := pass(ctx, 1, sessionQueries/10, way)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", results[i].What, err)
		}
		results[i].Allocations, results[i].Bytes = cost.Allocations, cost.Bytes
	}
	for range o.Rounds {
		runtime.GC()
		var took [2][]float64
		for n := range 2 * sessionQueries {
			i := (n ^ n>>1) & 1 // A B B A
			began := time.Now()
			if err := ways[i](ctx, 1); err != nil {
				return nil, fmt.Errorf("%s: %w", results[i].What, err)
			}
			took[i] = append(took[i], float64(time.Since(began)))
		}
		for i := range results {
			results[i].Nanoseconds = append(results[i].Nanoseconds, figures.Median(took[i]))
		}
		p.Done(o.sessionRound())
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
		"One query in a session, and on a bare lease, in turns on one goroutine: the median over all queries of a round, and of\n" +
		"that over the rounds. More: what the session adds, the median over the rounds of the difference.\n\n")
	t := figures.NewTable("what", "ns", "allocations (bytes)", "spread")
	for _, w := range all {
		t.Row(w.What, figures.Short(figures.Median(w.Nanoseconds)), fmt.Sprintf("%.1f (%.0f)", w.Allocations, w.Bytes), figures.Percent(figures.Spread(w.Nanoseconds)))
	}
	lease, session := all[0], all[1]
	var more []float64
	for i := range lease.Nanoseconds {
		more = append(more, session.Nanoseconds[i]-lease.Nanoseconds[i])
	}
	t.Row("more", figures.Short(figures.Median(more)), fmt.Sprintf("%.1f (%.0f)", session.Allocations-lease.Allocations, session.Bytes-lease.Bytes), "")
	fmt.Fprintln(&b, t)
	return b.String()
}
