// Package progress tells on a terminal what is being measured and how long the
// rest will take. It knows nothing of what it tells about.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Progress counts planned time against the clock. It is safe for concurrent use.
type Progress struct {
	out io.Writer
	now func() time.Time

	mu      sync.Mutex
	planned time.Duration // of all steps
	done    time.Duration // planned time of the steps that have ended
	began   time.Time     // of the first step
}

// New makes a progress that writes a line for each thing that it is told. now
// is the clock, time.Now unless a test has another.
func New(out io.Writer, now func() time.Time) *Progress {
	return &Progress{out: out, now: now}
}

// Plan adds work that will take about d.
func (p *Progress) Plan(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.planned += d
}

// Start says what is done next, and how long it still takes until all is done.
func (p *Progress) Start(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began.IsZero() {
		p.began = p.now()
	}
	fmt.Fprintf(p.out, "%-56s %s left\n", what, p.left())
}

// Done says that planned work of d has ended.
func (p *Progress) Done(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += d
}

// Say writes a line that has nothing to do with time.
func (p *Progress) Say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// left is the planned time of what is not done yet, stretched as what is done
// took longer than planned.
func (p *Progress) left() time.Duration {
	left := max(p.planned-p.done, 0)
	if p.done > 0 {
		left = time.Duration(float64(left) * float64(p.now().Sub(p.began)) / float64(p.done))
	}
	return left.Round(time.Second)
}
