package twophase_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/internal/twophase"
)

// setting is where a transaction over several databases takes place.
type setting struct {
	on      []int // of each database: on which server it is
	unable  int   // which of them can't prepare; -1: all can
	crowded bool  // others have prepared transactions there too
	watched bool  // another process recovers all the time
}

func (s setting) String() string {
	return fmt.Sprintf("databases on servers %v, unable %d, crowded %v, watched %v", s.on, s.unable, s.crowded, s.watched)
}

// run commits a transaction in a world with faults, recovers what a process that died left,
// as often as one dies, and returns what must not be, and how many calls there were.
func (s setting) run(t *testing.T, faults map[int]fault) (wrong []string, calls int) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1+slices.Max(s.on), faults)
		if s.crowded {
			w.crowd()
		}
		first := w.process()
		w.first = first
		members, opened := s.begin(first, w)
		told := twophase.Undecided // nothing, if it dies
		background := s.background(first)
		var stop []func()
		if s.watched {
			b := s.background(w.process())
			b.Start(time.Second)
			stop = append(stop, b.Stop)
		}
		in(func() {
			coordinator, others, _ := twophase.Elect(members)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			began := time.Now()
			out := twophase.Commit(ctx, coordinator, others)
			if took := time.Since(began); took > 20*time.Second+time.Second/2 { // its own time, to ask, to finish
				w.never("it took %s", took)
			}
			told = out.Decision
			for _, tx := range opened {
				tx.close()
			}
			if len(out.Left) > 0 {
				background.Wake(out.Left...)
			}
		})
		stop = append(stop, background.Stop)
		for running := first; !w.rest(running); { // it has died: another one takes its place
			running = w.process()
			b := s.background(running)
			b.Start(time.Minute)
			stop = append(stop, b.Stop)
		}
		for _, f := range stop {
			f()
		}
		w.judge(told, opened)
		if wrong, calls = w.wrong, w.calls; len(wrong) > 0 {
			wrong = append(wrong, w.story...)
		}
	})
	return wrong, calls
}

// begin begins what is to be committed.
func (s setting) begin(p *process, w *world) (members []twophase.Member, opened []*transaction) {
	for i, on := range s.on {
		tx := p.begin(w.servers[on], fmt.Sprint("db", i))
		opened = append(opened, tx)
		members = append(members, twophase.Member{Pool: tx.name, System: tx.server.system, XID: tx.xid, CanPrepare: i != s.unable, Transaction: tx, Database: tx.database})
	}
	return members, opened
}

// in runs f in a goroutine that it may end.
func in(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// background recovers for a process, which knows all databases.
func (s setting) background(p *process) *twophase.Background {
	var all []twophase.Named
	for i, on := range s.on {
		d := &database{p, p.w.servers[on], fmt.Sprint("db", i)}
		all = append(all, twophase.Named{Pool: d.name, Database: d})
	}
	return twophase.NewBackground(func(ctx context.Context) bool {
		found, err := twophase.Recover(ctx, all)
		return err != nil || slices.ContainsFunc(found, func(r twophase.Recovered) bool { return r.Err != nil })
	}, func(any) {})
}

// rest waits until nothing goes on any more, and returns false if the process died.
func (w *world) rest(p *process) bool {
	for since := time.Now(); time.Since(since) < 15*time.Minute; time.Sleep(time.Second) { //nolint:forbidigo // how time passes in the bubble
		w.mu.Lock()
		dead, over := p.dead, w.quiet() && !w.ours()
		w.mu.Unlock()
		if dead {
			return false
		}
		if over {
			return true
		}
	}
	w.never("there is no end to it")
	return true
}

// crowd has others prepare what nobody may touch, and begin what they do not decide.
func (w *world) crowd() {
	for i, s := range w.servers {
		prepare := func(xid, gid, owner string, foreign bool) {
			s.status[xid] = twophase.InProgress
			s.prepared = append(s.prepared, &prepared{gid: gid, database: fmt.Sprint("db", i), xid: xid, owner: owner, foreign: foreign})
		}
		name := func(xid string) string {
			return twophase.Name{System: s.system, Pool: "db0", XID: xid, Number: 1}.String()
		}
		s.status["50"], s.status["51"] = twophase.WasCommitted, twophase.InProgress
		prepare("101", "of somebody else", "app", true)
		prepare("102", "unoactor:nonsense", "app", true)
		prepare("103", "unoactor:999:5:0:db0", "app", true) // there is no such server
		prepare("104", name("3"), "app", true)              // which the server has forgotten
		prepare("105", name("50"), "another", true)         // to be committed, by another role
		prepare("106", name("51"), "app", false)            // still at work, until the server crashes
	}
}

// judge compares what became of a transaction with what was told of it.
func (w *world) judge(told twophase.Decision, opened []*transaction) {
	var all []string
	for _, tx := range opened {
		all = append(all, string(tx.server.status[tx.xid]))
	}
	for _, s := range all {
		switch {
		case s == string(twophase.InProgress), s != all[0]:
			w.never("the databases differ, or have not ended it: %q", all)
		case told == twophase.Committed && s != string(twophase.WasCommitted), told == twophase.RolledBack && s != string(twophase.WasAborted):
			w.never("the decision that was told is %d, and the databases have %q", told, all)
		}
	}
}

// settings are the small worlds of which every crash is tried.
var settings = []setting{
	{on: []int{0}, unable: -1},
	{on: []int{0, 1}, unable: -1},
	{on: []int{0, 1}, unable: 0},
	{on: []int{0, 0}, unable: -1},
	{on: []int{0, 1, 2}, unable: -1},
}

// every runs a setting without a fault, and then with each fault at each call, and after it
// again with each fault at each later call, up to a number of faults.
func (s setting) every(t *testing.T, faults map[int]fault, from, depth int) (runs int) {
	wrong, calls := s.run(t, faults)
	if len(wrong) > 0 {
		t.Fatalf("%s:\n%s", s, strings.Join(wrong, "\n"))
	}
	if len(faults) == 0 && !s.watched && calls != 2*len(s.on)-1 {
		t.Fatalf("%s: %d calls, where each of the others is prepared and finished, and one commits", s, calls)
	}
	runs = 1
	for at := from; at < calls && depth > 0; at++ {
		for f := refused; f < faultKinds; f++ {
			faults[at] = f
			runs += s.every(t, faults, at+1, depth-1)
			delete(faults, at)
		}
	}
	return runs
}

func TestEveryCrashLeavesAllOrNothing(t *testing.T) {
	for _, s := range settings {
		for at := range 4 {
			s := s
			s.crowded, s.watched = at&1 != 0, at&2 != 0
			depth := 2
			if testing.Short() || s.watched || s.crowded {
				depth = 1
			}
			t.Run(s.String(), func(t *testing.T) {
				t.Parallel()
				t.Logf("%d runs", s.every(t, map[int]fault{}, 0, depth))
			})
		}
	}
}

func TestManyCrashesLeaveAllOrNothing(t *testing.T) {
	for range 20 {
		rapid.Check(t, func(rt *rapid.T) { manyCrashes(t, rt) })
	}
}

func manyCrashes(t *testing.T, rt *rapid.T) {
	s := setting{unable: rapid.IntRange(-1, 4).Draw(rt, "unable"), crowded: rapid.Bool().Draw(rt, "crowded"), watched: rapid.Bool().Draw(rt, "watched")}
	for range rapid.IntRange(1, 5).Draw(rt, "databases") {
		s.on = append(s.on, rapid.IntRange(0, 3).Draw(rt, "on"))
	}
	faults := make(map[int]fault)
	for range rapid.IntRange(2, 8).Draw(rt, "faults") {
		faults[rapid.IntRange(0, 40).Draw(rt, "at")] = fault(rapid.IntRange(1, int(faultKinds)-1).Draw(rt, "fault"))
	}
	if wrong, _ := s.run(t, faults); len(wrong) > 0 {
		rt.Fatalf("%s:\n%s", s, strings.Join(wrong, "\n"))
	}
}

func TestADatabaseThatSaysNothingDoesNotKeepTheOthersPrepared(t *testing.T) {
	s := setting{on: []int{0, 1, 2}, unable: 2}
	for at := 3; at < 5; at++ { // after two PREPAREs and the COMMIT
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(3, map[int]fault{at: silence})
			members, _ := s.begin(w.process(), w)
			coordinator, others, _ := twophase.Elect(members)
			out := twophase.Commit(t.Context(), coordinator, others)
			if out.Decision != twophase.Committed || len(out.Left) > 0 {
				t.Errorf("call %d: %+v\n%s", at, out, strings.Join(w.story, "\n"))
			}
		})
	}
}
