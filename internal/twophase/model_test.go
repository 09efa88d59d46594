package twophase_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/unoactor/unoactor/internal/twophase"
)

// fault is what goes wrong at one call.
type fault int

const (
	none fault = iota
	refused
	dieBefore  // the process dies, and nothing was sent
	dieAfter   // the server has done it, and the process dies before it hears so
	dieFlying  // the process dies, and the server gets to the request later
	loseBefore // the connection is lost before the request arrives
	loseAfter  // the connection is lost with the answer
	flySoon    // the connection is lost, and the server gets to the request 3 s later
	flyLate    // ... 20 s later
	crashBeforeShort
	crashBeforeLong // the server crashes, and is back 30 s later
	crashAfterShort
	crashAfterLong
	silence // no answer comes, and the server never gets to it
	faultKinds
)

var faultNames = [...]string{"none", "refused", "dies before", "dies after", "dies while it flies", "lost before", "lost after", "flies for 3 s", "flies for 20 s",
	"server crashes before, 2 s", "server crashes before, 30 s", "server crashes after, 2 s", "server crashes after, 30 s", "silence"}

// world is some servers, and what goes wrong at which call of any process to any of them.
// Time is that of a synctest bubble.
type world struct {
	mu      sync.Mutex
	servers []*server
	first   *process // that commits
	faults  map[int]fault
	calls   int

	processes int
	flying    int      // requests that a server has not got to yet
	story     []string // each call and what became of it
	wrong     []string // what must never happen and did
	began     time.Time
}

// server keeps what PostgreSQL keeps: transactions by id, and which are prepared.
type server struct {
	w        *world
	system   string
	boots    int // how often it has crashed
	back     time.Time
	lastXID  int
	status   map[string]twophase.Status
	prepared []*prepared
}

type prepared struct {
	gid, database, xid, owner string
	by                        *process // that may roll it back before the decision, since it makes that
	foreign                   bool     // nobody may touch it
}

// process is a program that uses the servers.
type process struct {
	w    *world
	lag  time.Duration // of its calls; no two processes call at the same moment, so that a run can be repeated
	dead bool
	open []*transaction
}

func (w *world) process() *process {
	w.processes++
	return &process{w: w, lag: time.Millisecond + time.Duration(w.processes)*time.Microsecond}
}

func newWorld(servers int, faults map[int]fault) *world {
	w := &world{faults: faults, began: time.Now()}
	for i := range servers {
		w.servers = append(w.servers, &server{w: w, system: fmt.Sprint(7000 + i), lastXID: 700, status: map[string]twophase.Status{}})
	}
	return w
}

func (w *world) never(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

var (
	errNo       = errors.New("the server said no")
	errNoAnswer = errors.New("no answer")
)

// call is a request to a server: do is done there, if it gets to it. tx is the transaction
// that its connection is in, and that is lost with it; nil if it is in none.
func (p *process) call(ctx context.Context, s *server, what string, do func(), tx *transaction) error {
	time.Sleep(p.lag) //nolint:forbidigo // how time passes in the bubble
	w := p.w
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case p.dead:
		runtime.Goexit()
	case ctx.Err() != nil: // nothing is sent
		return errNo
	}
	told := fmt.Sprintf("%8s %s on %s: ", time.Since(w.began).Round(time.Millisecond), what, s.system)
	if time.Now().Before(s.back) {
		w.story = append(w.story, "     "+told+"it is down")
		tx.lost()
		return errNoAnswer
	}
	f := w.faults[w.calls]
	w.story = append(w.story, fmt.Sprintf("%4d %s%s", w.calls, told, faultNames[f]))
	w.calls++
	switch f {
	case none:
		do()
		return nil
	case refused:
		tx.lost()
		return errNo
	case dieBefore:
		p.die()
	case dieAfter:
		do()
		p.die()
	case dieFlying:
		tx.flies()
		s.fly(5*time.Second, do, tx.lost)
		p.die()
	case loseBefore:
		tx.lost()
	case loseAfter:
		do()
		tx.lost()
	case flySoon:
		tx.flies()
		s.fly(3*time.Second, do, tx.lost)
	case flyLate:
		tx.flies()
		s.fly(20*time.Second, do, tx.lost)
	case crashBeforeShort, crashBeforeLong:
		s.crash(f == crashBeforeLong)
	case crashAfterShort, crashAfterLong:
		do()
		s.crash(f == crashAfterLong)
	case silence:
		w.mu.Unlock()
		<-ctx.Done()
		w.mu.Lock()
		tx.lost()
	}
	return errNoAnswer
}

// fly does something later, unless the server crashes before.
func (s *server) fly(d time.Duration, do, lost func()) {
	boots := s.boots
	s.w.flying++
	time.AfterFunc(d+500*time.Microsecond, func() {
		s.w.mu.Lock()
		defer s.w.mu.Unlock()
		s.w.flying--
		if s.boots == boots {
			do()
			lost()
		}
	})
}

// crash ends what is neither prepared nor committed.
func (s *server) crash(long bool) {
	s.boots++
	s.back = time.Now().Add(2 * time.Second)
	if long {
		s.back = time.Now().Add(30 * time.Second)
	}
	for xid, status := range s.status {
		if status == twophase.InProgress && !slices.ContainsFunc(s.prepared, func(p *prepared) bool { return p.xid == xid }) {
			s.status[xid] = twophase.WasAborted
		}
	}
}

// die ends the calling goroutine, and the process. Its servers notice 1.5 s later, but for
// the one that has a request to get to.
func (p *process) die() {
	p.dead = true
	for _, tx := range p.open {
		if !tx.flying {
			tx.server.fly(1500*time.Millisecond, func() {}, tx.lost)
		}
	}
	runtime.Goexit()
}

// begin begins a transaction that writes.
func (p *process) begin(s *server, name string) *transaction {
	s.lastXID++
	tx := &transaction{database: &database{p, s, name}, xid: fmt.Sprint(s.lastXID)}
	s.status[tx.xid] = twophase.InProgress
	p.open = append(p.open, tx)
	return tx
}

// database is a database of a server as a process reaches it: a [twophase.Database].
type database struct {
	p      *process
	server *server
	name   string
}

// transaction is open in a database, a [twophase.Transaction].
type transaction struct {
	*database
	xid    string
	ended  bool // it is prepared, committed or rolled back
	flying bool // its server will get to a request of it
}

// close is the end of its session, which rolls back what is open.
func (t *transaction) close() {
	t.p.w.mu.Lock()
	defer t.p.w.mu.Unlock()
	if !t.flying {
		t.lost()
	}
}

func (t *transaction) flies() {
	if t != nil {
		t.flying = true
	}
}

func (t *transaction) lost() {
	if t != nil && !t.ended {
		t.ended = true
		t.server.status[t.xid] = twophase.WasAborted
	}
}

func (t *transaction) alive() bool { return !t.ended && t.server.status[t.xid] == twophase.InProgress }

func (t *transaction) request(ctx context.Context, what string, do func()) (twophase.Reply, error) {
	refuses := false // which a request that flies does not say
	err := t.p.call(ctx, t.server, what, func() {
		if refuses = !t.alive(); !refuses {
			do()
		}
	}, t)
	switch {
	case errors.Is(err, errNo), err == nil && refuses:
		return twophase.Refused, errNo
	case err != nil:
		return twophase.Unanswered, err
	}
	return twophase.Done, nil
}

func (t *transaction) Prepare(ctx context.Context, gid string) (twophase.Reply, error) {
	return t.request(ctx, "prepare "+gid, func() {
		t.ended = true
		t.server.prepared = append(t.server.prepared, &prepared{gid: gid, database: t.name, xid: t.xid, owner: "app", by: t.p})
	})
}

func (t *transaction) Commit(ctx context.Context) (twophase.Reply, error) {
	return t.request(ctx, "commit", func() {
		t.ended = true
		t.server.status[t.xid] = twophase.WasCommitted
	})
}

func (d *database) Status(ctx context.Context, xid string) (twophase.Status, error) {
	var known twophase.Status
	if err := d.p.call(ctx, d.server, "status of "+xid, func() { known = d.server.status[xid] }, nil); err != nil {
		return "", err // what flies may still be answered
	}
	return known, nil
}

func (d *database) Finish(ctx context.Context, gid string, commit bool) (bool, error) {
	found := false
	err := d.p.call(ctx, d.server, twophase.FinishStatement(gid, commit), func() {
		for i, p := range d.server.prepared {
			if p.gid != gid || p.database != d.name {
				continue
			}
			d.server.finish(d.p, p, commit)
			d.server.prepared = slices.Delete(d.server.prepared, i, i+1)
			found = true
			return
		}
	}, nil)
	return err == nil && found, err
}

// finish ends a prepared transaction, and knows what must not be.
func (s *server) finish(by *process, p *prepared, commit bool) {
	if p.foreign {
		s.w.never("%s was finished, which is not ours", p.gid)
	}
	name, _ := twophase.Parse(p.gid)
	for _, c := range s.w.servers {
		status := c.status[name.XID]
		if c.system == name.System && (commit && status != twophase.WasCommitted || status == twophase.InProgress && by != p.by) {
			s.w.never("%s was finished (commit: %v), and its coordinator is %s", p.gid, commit, status)
		}
	}
	s.status[p.xid] = twophase.WasAborted
	if commit {
		s.status[p.xid] = twophase.WasCommitted
	}
}

func (d *database) Look(ctx context.Context) (twophase.Sight, error) {
	var sight twophase.Sight
	s := d.server
	err := d.p.call(ctx, s, "look", func() {
		sight = twophase.Sight{System: s.system, Process: s.system + fmt.Sprint(" ", s.boots), User: "app"}
		for _, p := range s.prepared {
			if strings.HasPrefix(p.gid, "unoactor:") && p.database == d.name {
				sight.Prepared = append(sight.Prepared, twophase.Prepared{GID: p.gid, Owner: p.owner, Database: d.name, Mine: p.owner == "app"})
			}
		}
	}, nil)
	if err != nil {
		return twophase.Sight{}, err
	}
	return sight, nil
}

// ours says whether anything of the transaction that is committed is prepared.
func (w *world) ours() bool {
	for _, s := range w.servers {
		if slices.ContainsFunc(s.prepared, func(p *prepared) bool { return p.by == w.first }) {
			return true
		}
	}
	return false
}

// quiet says whether nothing is under way any more, and all servers are up.
func (w *world) quiet() bool {
	return w.flying == 0 && !slices.ContainsFunc(w.servers, func(s *server) bool { return time.Now().Before(s.back) })
}
