package backends

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/protocol"
)

// Greetings are the parameters that servers report to new clients, by pool and by what the client asked for, so that
// not every login needs a backend. The zero value is ready; it is safe for concurrent use.
type Greetings struct {
	params.Interner
	mu    sync.Mutex
	known map[string]*params.Set
}

const maxGreetings = 1000

// For returns the parameters of a new client that asks a pool for wanted. An error is the client's to see.
func (g *Greetings) For(ctx context.Context, pool Pool, wanted map[string]string) (*params.Set, error) {
	name := pool.Settings().Name
	base := g.lookup(name)
	if base != nil {
		if s := g.derive(base, wanted); s != nil {
			return s, nil
		}
		if s := g.lookup(greetingKey(name, wanted)); s != nil {
			return s, nil
		}
	}
	began := time.Now()
	l, err := pool.Acquire(ctx)
	for lost := 1; err == nil && !l.Check(); lost++ { // the server has hung up on it
		if lost > pool.Settings().Hard() {
			return nil, errHungUp.AsFatal()
		}
		l, err = pool.Acquire(ctx)
	}
	if err != nil {
		return nil, refused(err, time.Since(began), time.Since(began)).AsFatal()
	}
	b, err := l.Backend()
	if err != nil {
		l.Release()
		return nil, err
	}
	s, err := g.ask(ctx, b, wanted)
	if err != nil {
		b.Taint()
	}
	l.Release()
	if err != nil {
		return nil, err
	}
	g.store(name, g.base(b))
	if len(wanted) > 0 {
		g.store(greetingKey(name, wanted), s)
	}
	return s, nil
}

// derive finds the parameters without a server where nothing is asked for but a plain application_name, which servers
// take as it is; nil where it can't.
func (g *Greetings) derive(base *params.Set, wanted map[string]string) *params.Set {
	name, only := wanted["application_name"]
	if len(wanted) == 0 {
		return base
	}
	if len(wanted) > 1 || !only || len(name) > 63 || strings.ContainsFunc(name, func(r rune) bool { return r < 32 || r > 126 }) {
		return nil
	}
	return g.With(base, "application_name", name)
}

// ask sets what a client wants on a backend, and returns what its parameters are then. An error is the client's to see.
func (g *Greetings) ask(ctx context.Context, b *conn.Backend, wanted map[string]string) (*params.Set, error) {
	base := g.base(b)
	had := base
	if h, ok := b.Session().(*held); ok && h.session.Params() != nil {
		had = h.session.Params()
	}
	reported, asked := maps.Clone(base.Reported()), make(map[string]string)
	for name, value := range wanted {
		if spelled, ok := base.Spelling(name); ok && params.IsCarried(name) {
			reported[spelled] = value
		} else {
			asked[name] = value
		}
	}
	to := params.NewSet(reported, asked)
	if sql := params.Difference(had, to); sql != "" {
		results, err := b.Conn().PgConn().Exec(ctx, sql).ReadAll()
		if err != nil {
			return nil, refused(err, 0, 0).AsFatal()
		}
		for _, r := range results { // what a RESET or a name reports has no rows
			if len(r.Rows) == 1 && len(r.Rows[0]) == 2 {
				name := string(r.Rows[0][0])
				if _, ok := reported[name]; ok {
					reported[name] = string(r.Rows[0][1]) // as the server writes it
				}
			}
		}
	}
	s := g.Intern(to)
	heldOf(b).session = protocol.NewBackend(s)
	return s, nil
}

// base is what a backend's server reported when it was connected to.
func (g *Greetings) base(b *conn.Backend) *params.Set {
	return g.Intern(params.NewSet(b.Parameters(), map[string]string{}))
}

func (g *Greetings) lookup(key string) *params.Set {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.known[key]
}

func (g *Greetings) store(key string, s *params.Set) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.known == nil || len(g.known) >= maxGreetings {
		g.known = make(map[string]*params.Set)
	}
	g.known[key] = s
}

// renew forgets what was known of a pool whose newest backend reports other parameters: those of the server, its
// database or its user were changed.
func (g *Greetings) renew(pool string, base *params.Set) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if known := g.known[pool]; known == nil || known == base || maps.Equal(known.Reported(), base.Reported()) {
		return
	}
	maps.DeleteFunc(g.known, func(key string, _ *params.Set) bool { return strings.HasPrefix(key, pool+"\x00") })
	g.known[pool] = base
}

func greetingKey(pool string, wanted map[string]string) string {
	var b strings.Builder
	b.WriteString(pool)
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		b.WriteString("\x00" + name + "\x00" + wanted[name])
	}
	return b.String()
}
