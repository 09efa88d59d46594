package gateway

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/unoactor/unoactor/conn"
)

// welcomes knows what servers report to new clients, by pool and by what the
// client asked for, so that not every login needs a backend.
type welcomes struct {
	interner
	lock   sync.Mutex
	served map[string]*settings
}

const manyWelcomes = 1000

// settings are those of a new client that asks for wanted.
func (w *welcomes) settings(ctx context.Context, pool Pool, wanted map[string]string) (*settings, error) {
	name := pool.Settings().Name
	base := w.lookup(name)
	if base != nil {
		if s := w.derive(base, wanted); s != nil {
			return s, nil
		}
		if s := w.lookup(key(name, wanted)); s != nil {
			return s, nil
		}
	}
	began := time.Now()
	l, err := pool.Acquire(ctx)
	for lost := 1; err == nil && !l.Check(); lost++ { // the server has hung up on it
		if lost > pool.Settings().Hard() {
			return nil, errHungUp.ended()
		}
		l, err = pool.Acquire(ctx)
	}
	if err != nil {
		return nil, refused(err, time.Since(began), time.Since(began)).ended()
	}
	b, err := l.Backend()
	if err != nil {
		l.Release()
		return nil, err
	}
	s, err := w.ask(ctx, b, wanted)
	if err != nil {
		b.Taint()
	}
	l.Release()
	if err != nil {
		return nil, err
	}
	w.store(name, w.base(b))
	if len(wanted) > 0 {
		w.store(key(name, wanted), s)
	}
	return s, nil
}

// derive finds the settings without a server where nothing is asked for but a
// plain application_name, which servers take as it is.
func (w *welcomes) derive(base *settings, wanted map[string]string) *settings {
	name, only := wanted["application_name"]
	if len(wanted) == 0 {
		return base
	}
	if len(wanted) > 1 || !only || len(name) > 63 || strings.ContainsFunc(name, func(r rune) bool { return r < 32 || r > 126 }) {
		return nil
	}
	return w.with(base, "application_name", name)
}

// ask has a server set what a client wants, and reports what came of it. Its
// errors are the server's.
func (w *welcomes) ask(ctx context.Context, b *conn.Backend, wanted map[string]string) (*settings, error) {
	base := w.base(b)
	had := base
	if h, ok := b.Session().(*held); ok && h.settings != nil {
		had = h.settings
	}
	to := &settings{reported: maps.Clone(base.reported), asked: make(map[string]string)}
	for name, value := range wanted {
		if spelled, ok := spelling(base.reported, name); ok && isReplayed(name) {
			to.reported[spelled] = value
		} else {
			to.asked[name] = value
		}
	}
	if sql := change(had, to); sql != "" {
		results, err := b.Conn().PgConn().Exec(ctx, sql).ReadAll()
		if err != nil {
			return nil, refused(err, 0, 0).ended()
		}
		for _, r := range results { // what a RESET or a name reports has no rows
			if len(r.Rows) == 1 && len(r.Rows[0]) == 2 {
				name := string(r.Rows[0][0])
				if _, ok := to.reported[name]; ok {
					to.reported[name] = string(r.Rows[0][1]) // as the server writes it
				}
			}
		}
	}
	s := w.intern(to)
	remember(b).settings = s
	return s, nil
}

// base is what a backend's server reported at connect.
func (w *welcomes) base(b *conn.Backend) *settings {
	return w.intern(&settings{reported: b.Parameters(), asked: map[string]string{}})
}

// spelling finds a setting as the server writes its name.
func spelling(reported map[string]string, name string) (string, bool) {
	for spelled := range reported {
		if strings.EqualFold(spelled, name) {
			return spelled, true
		}
	}
	return "", false
}

func (w *welcomes) lookup(key string) *settings {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.served[key]
}

func (w *welcomes) store(key string, s *settings) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.served == nil || len(w.served) >= manyWelcomes {
		w.served = make(map[string]*settings)
	}
	w.served[key] = s
}

// renew forgets what was known of a pool whose newest backend reports other
// settings: those of the server, its database or its user were changed.
func (w *welcomes) renew(pool string, base *settings) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if known := w.served[pool]; known == nil || known == base || maps.Equal(known.reported, base.reported) {
		return
	}
	maps.DeleteFunc(w.served, func(key string, _ *settings) bool { return strings.HasPrefix(key, pool+"\x00") })
	w.served[pool] = base
}

func key(pool string, wanted map[string]string) string {
	var b strings.Builder
	b.WriteString(pool)
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		b.WriteString("\x00" + name + "\x00" + wanted[name])
	}
	return b.String()
}
