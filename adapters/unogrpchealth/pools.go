package unogrpchealth

import (
	"context"
	"slices"
	"time"

	"github.com/unoactor/unoactor"
)

type pool struct {
	name    string
	db      *unoactor.DB
	monitor *unoactor.HealthMonitor
	failed  chan struct{}      // something happened that a pool which serves may not survive
	opened  chan struct{}      // or that may have a pool serve again
	leave   context.CancelFunc // ends what follows it
	serving bool
	counts  bool // for the whole
}

// keepUp follows each pool of the system.
func (w *watch) keepUp(ctx context.Context) {
	tick := time.NewTicker(w.interval)
	defer tick.Stop()
	for {
		for _, p := range w.known() {
			if p.leave == nil {
				ctx, leave := context.WithCancel(ctx)
				p.leave = leave
				w.running.Go(func() { w.follow(ctx, p) })
			}
		}
		select {
		case <-w.changed:
		case <-tick.C:
		case <-ctx.Done():
			for _, p := range w.known() {
				p.leave()
			}
			return
		}
		w.gone()
		w.find(false)
	}
}

func (w *watch) known() []*pool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.pools)
}

// find adds the pools of the system that were not known. Whether they count at once is
// for its caller to say.
func (w *watch) find(counts bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.system.Tree().Pools() {
		if slices.ContainsFunc(w.pools, func(k *pool) bool { return k.db.Pool() == p }) {
			continue
		}
		if db, err := w.system.DB(p.Name()); err == nil && db.Pool() == p { // it may have gone meanwhile
			w.pools = append(w.pools, &pool{name: p.Name(), db: db, monitor: unoactor.NewHealthMonitor(db),
				failed: make(chan struct{}, 1), opened: make(chan struct{}, 1), counts: counts})
		}
	}
}

// gone leaves out the pools that the system has no more.
func (w *watch) gone() {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := w.system.Tree().Pools()
	for _, p := range w.pools {
		if !slices.Contains(left, p.db.Pool()) {
			p.leave()
			w.server.SetServingStatus(prefix+p.name, status(false))
		}
	}
	w.pools = slices.DeleteFunc(w.pools, func(p *pool) bool { return !slices.Contains(left, p.db.Pool()) })
	w.sayOverall()
}

// listed says whether the system still has a pool.
func (w *watch) listed(p *pool) bool { return slices.Contains(w.system.Tree().Pools(), p.db.Pool()) }

// look has keepUp see which pools there are; once is as good as often.
func (w *watch) look() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

const (
	failed = false
	opened = true
)

// note keeps what happened for follow; once is as good as often.
func (p *pool) note(good bool) {
	kept := p.failed
	if good {
		kept = p.opened
	}
	select {
	case kept <- struct{}{}:
	default:
	}
}
