package twophase_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
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
