package unobun_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/unoactor/unoactor"
)

// Thing is what the model is about: its key is the test's, its owner another thing.
type Thing struct {
	ID      int `bun:",pk"`
	V       int
	OwnerID *int
	Owner   *Thing `bun:"rel:belongs-to,join:owner_id=id"`
}

// thing is what the model holds for a row: the object that the session should have for
// it, and its value.
type thing struct {
	object *Thing
	v      int
}

// model is a unit of work as its users think of it: what is there is what was added and
// changed, less what was deleted; a rollback brings back what was there before.
type model struct {
	t      *rapid.T
	ctx    context.Context //nolint:containedctx // the test's: rapid calls the actions without one
	db     *unoactor.DB
	s      *unoactor.Session
	things map[int]thing
	before []map[int]thing // what a rollback of each level brings back
	doomed map[int]bool    // deleted, and perhaps not flushed
}

func (m *model) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) flush() { m.must(m.s.Flush(m.ctx)); clear(m.doomed) }

func (m *model) add(t *rapid.T) {
	id := rapid.IntRange(1, 8).Draw(t, "id")
	if _, there := m.things[id]; there {
		t.Skip("it is there")
	}
	if m.doomed[id] {
		m.flush() // a row is deleted after others are inserted
	}
	o := &Thing{ID: id, V: rapid.IntRange(0, 99).Draw(t, "v")}
	if owners := m.ids(); len(owners) > 0 && rapid.Bool().Draw(t, "owned") {
		o.Owner = m.things[rapid.SampledFrom(owners).Draw(t, "owner")].object
	}
	m.must(m.s.Add(o))
	m.things[id] = thing{o, o.V}
}

func (m *model) ids() []int { return slices.Sorted(maps.Keys(m.things)) }

func (m *model) some(t *rapid.T) int {
	if len(m.things) == 0 {
		t.Skip("there is nothing")
	}
	return rapid.SampledFrom(m.ids()).Draw(t, "which")
}

func (m *model) change(t *rapid.T) {
	id := m.some(t)
	th := m.things[id]
	th.v = rapid.IntRange(0, 99).Draw(t, "v")
	th.object.V = th.v
	m.things[id] = th
}

func (m *model) remove(t *rapid.T) {
	id := m.some(t)
	for _, th := range m.things {
		if th.object.Owner == m.things[id].object || th.object.OwnerID != nil && *th.object.OwnerID == id {
			t.Skip("it owns something")
		}
	}
	m.must(m.s.Delete(m.things[id].object))
	delete(m.things, id)
	m.doomed[id] = true
}

func (m *model) begin(t *rapid.T) {
	if len(m.before) == 4 {
		t.Skip("deep enough")
	}
	if len(m.before) == 0 {
		m.flush() // what is not flushed before a transaction is not what it brings back
	}
	m.must(m.s.Begin(m.ctx))
	clear(m.doomed)
	m.before = append(m.before, maps.Clone(m.things))
}

func (m *model) end(t *rapid.T, how func(context.Context) error) map[int]thing {
	if len(m.before) == 0 {
		t.Skip("no transaction")
	}
	m.must(how(m.ctx))
	last := m.before[len(m.before)-1]
	m.before = m.before[:len(m.before)-1]
	clear(m.doomed)
	return last
}

func (m *model) commit(t *rapid.T)   { m.end(t, m.s.Commit) }
func (m *model) rollback(t *rapid.T) { m.things = m.end(t, m.s.Rollback) }

func (m *model) get(t *rapid.T) {
	id := m.some(t)
	got, err := unoactor.Get[Thing](m.ctx, m.s, id)
	if m.must(err); got != m.things[id].object {
		t.Fatalf("thing %d is another object", id)
	}
}

func (m *model) table(q interface {
	Query(context.Context, string, ...any) (pgx.Rows, error)
}) string {
	rows, err := q.Query(m.ctx, "select id, v from things order by id")
	m.must(err)
	defer rows.Close()
	var all []string
	for rows.Next() {
		var id, v int
		m.must(rows.Scan(&id, &v))
		all = append(all, fmt.Sprint(id, "=", v))
	}
	m.must(rows.Err())
	return fmt.Sprint(all)
}

func (m *model) want() string {
	var all []string
	for _, id := range m.ids() {
		all = append(all, fmt.Sprint(id, "=", m.things[id].v))
	}
	return fmt.Sprint(all)
}

// check compares the objects.
func (m *model) check(t *rapid.T) {
	m.t = t
	for id, th := range m.things {
		if th.object.V != th.v {
			t.Fatalf("thing %d has %d, want %d", id, th.object.V, th.v)
		}
	}
}

// look compares what the session sees, which it flushes before, and, outside a
// transaction, the database.
func (m *model) look(t *rapid.T) {
	if got := m.table(m.s); got != m.want() { // flushed before
		t.Fatalf("in the session: %s, want %s", got, m.want())
	}
	clear(m.doomed)
	if len(m.before) == 0 {
		if got := m.table(m.db); got != m.want() {
			t.Fatalf("in the database: %s, want %s", got, m.want())
		}
	}
}

func TestAUnitOfWorkIsWhatItsModelSays(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), "create table things (id int primary key, v int not null, owner_id int references things)"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		if _, err := db.Exec(t.Context(), "truncate things"); err != nil {
			rt.Fatal(err)
		}
		m := &model{t: rt, ctx: t.Context(), db: db, s: db.NewSession(), things: make(map[int]thing), doomed: make(map[int]bool)}
		defer m.s.Close()
		rt.Repeat(map[string]func(*rapid.T){
			"add": m.add, "change": m.change, "remove": m.remove, "flush": func(*rapid.T) { m.flush() },
			"begin": m.begin, "commit": m.commit, "rollback": m.rollback, "get": m.get, "look": m.look, "": m.check,
		})
	})
}
