package unobun_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/unoactor/unoactor"
)

// thing is what the model holds for a row: the object that the session should have for
// it, its value, and the label of its parent.
type thing struct {
	object any
	v      int
	parent int
}

// model is a unit of work as its users think of it: what is there is what was added and
// changed, less what was deleted; a rollback brings back what was there before.
type model struct {
	shape
	t      *rapid.T
	ctx    context.Context //nolint:containedctx // the test's: rapid calls the actions without one
	db     *unoactor.DB
	s      *unoactor.Session
	config unoactor.SessionConfig
	things map[int]thing
	before []map[int]thing // what a rollback of each level brings back
	// orphaned are the labels of those whose parent was taken away, with the key by hand.
	orphaned map[int]bool
}

const labels = 8

func (m *model) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) ids() []int { return slices.Sorted(maps.Keys(m.things)) }

// some is one of what is there.
func (m *model) some(t *rapid.T, what string) int {
	if len(m.things) == 0 {
		t.Skip("there is nothing")
	}
	return rapid.SampledFrom(m.ids()).Draw(t, what)
}

// fresh is a value that no other one has, if that matters.
func (m *model) fresh(t *rapid.T) int {
	v := rapid.IntRange(0, 999).Draw(t, "v")
	for m.unique && slices.ContainsFunc(slices.Collect(maps.Values(m.things)), func(o thing) bool { return o.v == v }) {
		v++
	}
	return v
}

func (m *model) add(t *rapid.T) {
	label := rapid.IntRange(1, labels).Draw(t, "label")
	if _, there := m.things[label]; there {
		t.Skip("it is there")
	}
	o, v := m.make(label), m.fresh(t)
	m.set(o, v, false)
	parent := 0
	if m.never {
		parent = label
	}
	if m.point != nil && len(m.things) > 0 && rapid.Bool().Draw(t, "with a parent") {
		parent = m.some(t, "parent")
		m.point(o, m.things[parent].object)
	}
	m.must(m.s.Add(o))
	m.things[label] = thing{o, v, parent}
}

func (m *model) change(t *rapid.T) {
	label := m.some(t, "which")
	th := m.things[label]
	th.v = m.fresh(t)
	m.set(th.object, th.v, rapid.Bool().Draw(t, "within"))
	m.things[label] = th
}

// exchange gives two objects each other's values.
func (m *model) exchange(t *rapid.T) {
	a, b := m.some(t, "a"), m.some(t, "b")
	x, y := m.things[a], m.things[b]
	if a == b {
		t.Skip("the same")
	}
	x.v, y.v = y.v, x.v
	m.set(x.object, x.v, true)
	m.set(y.object, y.v, true)
	m.things[a], m.things[b] = x, y
}

// move gives an object another parent.
func (m *model) move(t *rapid.T) {
	if m.point == nil {
		t.Skip("it has no parent")
	}
	label, parent := m.some(t, "which"), m.some(t, "parent")
	if !m.never && rapid.IntRange(0, 3).Draw(t, "none") == 0 {
		parent = 0
	}
	for p := parent; p != 0 && !m.circular; p = m.things[p].parent {
		if p == label {
			t.Skip("it would be its own ancestor")
		}
	}
	if m.orphaned[label] {
		m.must(m.s.Flush(m.ctx)) // else to be given its former parent again would be no change, and its key one by hand
	}
	m.orphaned[label] = parent == 0
	th := m.things[label]
	th.parent = parent
	m.point(th.object, m.things[parent].object)
	m.things[label] = th
}

// subtree returns an object and all that refer to it, or to them.
func (m *model) subtree(label int) []int {
	found := []int{label}
	for i := 0; i < len(found); i++ {
		for _, other := range m.ids() {
			if m.things[other].parent == found[i] && !slices.Contains(found, other) {
				found = append(found, other)
			}
		}
	}
	return found
}

func (m *model) remove(t *rapid.T) {
	for _, label := range rapid.Permutation(m.subtree(m.some(t, "which"))).Draw(t, "order") {
		m.must(m.s.Delete(m.things[label].object))
		delete(m.things, label)
	}
}

// replace deletes an object and adds another one with its label and its children, or
// itself again.
func (m *model) replace(t *rapid.T) {
	label := m.some(t, "which")
	former := m.things[label]
	m.must(m.s.Delete(former.object))
	if rapid.Bool().Draw(t, "flushed") && len(m.subtree(label)) == 1 && !m.circular {
		m.must(m.s.Flush(m.ctx))
		if rapid.Bool().Draw(t, "itself") && len(m.before) > 0 {
			m.must(m.s.Add(former.object))
			return
		}
	} else if rapid.Bool().Draw(t, "kept") && m.s.Expired(former.object) { // stored, so that Delete has not forgotten it
		m.must(m.s.Add(former.object))
		return
	}
	if !m.natural && len(m.subtree(label)) > 1 {
		m.must(m.s.Add(former.object)) // its children refer to its key
		return
	}
	delete(m.things, label)
	o := m.make(label)
	th := thing{o, m.fresh(t), former.parent}
	m.set(o, th.v, false)
	if th.parent != 0 && th.parent != label {
		m.point(o, m.things[th.parent].object)
	} else if m.never {
		th.parent = label
	}
	m.must(m.s.Add(o))
	m.things[label] = th
	for other, child := range m.things {
		if child.parent == label && other != label && m.point != nil {
			m.point(child.object, o)
		}
	}
}

func (m *model) flush(*rapid.T) { m.must(m.s.Flush(m.ctx)) }

func (m *model) begin(t *rapid.T) {
	if len(m.before) == 4 {
		t.Skip("deep enough")
	}
	m.must(m.s.Begin(m.ctx))
	m.before = append(m.before, maps.Clone(m.things))
}

func (m *model) end(t *rapid.T, how func(context.Context) error) map[int]thing {
	if len(m.before) == 0 {
		t.Skip("no transaction")
	}
	m.must(how(m.ctx))
	last := m.before[len(m.before)-1]
	m.before = m.before[:len(m.before)-1]
	return last
}

func (m *model) commit(t *rapid.T)   { m.end(t, m.s.Commit) }
func (m *model) rollback(t *rapid.T) { m.things = m.end(t, m.s.Rollback) }

// repeat changes an object in a transaction that is rolled back some times before it
// is committed.
func (m *model) repeat(t *rapid.T) {
	label := m.some(t, "which")
	th := m.things[label]
	v, times := m.fresh(t), rapid.IntRange(0, 2).Draw(t, "times")
	for again := true; again; times-- {
		again = times > 0
		err := m.s.Tx(m.ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
			if got := m.value(th.object); got != th.v {
				t.Fatalf("thing %d begins with %d, not %d", label, got, th.v)
			}
			m.set(th.object, v, true)
			if rapid.Bool().Draw(t, "flushed") {
				m.must(s.Flush(ctx))
			}
			if again {
				return errors.New("again")
			}
			return nil
		})
		if (err != nil) != again {
			t.Fatal(err)
		}
	}
	th.v = v
	m.things[label] = th
}

// get reads all there is, which are the objects that the session has.
func (m *model) get(t *rapid.T) {
	m.must(m.s.Flush(m.ctx))
	objects, err := m.read(m.ctx, m.s, rapid.SampledFrom([]string{"1", "1 desc"}).Draw(t, "order"))
	m.must(err)
	if len(objects) != len(m.things) {
		t.Fatalf("%d objects, want %d", len(objects), len(m.things))
	}
	for _, o := range objects {
		if label := m.label(o); m.things[label].object != o {
			t.Fatalf("thing %d is another object", label)
		}
	}
}

func (m *model) refresh(t *rapid.T) {
	m.must(m.s.Flush(m.ctx))
	m.must(m.s.Refresh(m.ctx, m.things[m.some(t, "which")].object))
}

// restart goes on in another session, whose objects are read in any order.
func (m *model) restart(t *rapid.T) {
	if len(m.before) > 0 {
		t.Skip("in a transaction")
	}
	m.must(m.s.Flush(m.ctx))
	m.s.Close()
	m.s = m.db.NewSession(m.config)
	objects, err := m.read(m.ctx, m.s, rapid.SampledFrom([]string{"1", "1 desc"}).Draw(t, "order"))
	m.must(err)
	for _, o := range objects {
		th := m.things[m.label(o)]
		th.object = o
		m.things[m.label(o)] = th
	}
}

func (m *model) table(q querier) string {
	rows, err := q.Query(m.ctx, m.rows+" order by 1")
	m.must(err)
	defer rows.Close()
	var all []string
	for rows.Next() {
		var label, v, parent int
		m.must(rows.Scan(&label, &v, &parent))
		all = append(all, fmt.Sprintf("%d=%d<%d", label, v, parent))
	}
	m.must(rows.Err())
	return fmt.Sprint(all)
}

func (m *model) want() string {
	var all []string
	for _, label := range m.ids() {
		all = append(all, fmt.Sprintf("%d=%d<%d", label, m.things[label].v, m.things[label].parent))
	}
	return fmt.Sprint(all)
}

// check compares the objects.
func (m *model) check(t *rapid.T) {
	m.t = t
	byLabel := make(map[int]any)
	for label, th := range m.things {
		byLabel[label] = th.object
	}
	for label, th := range m.things {
		if got := m.value(th.object); got != th.v {
			t.Fatalf("thing %d has %d, want %d", label, got, th.v)
		}
		if m.parent == nil {
			continue
		}
		if got := m.parent(th.object, byLabel); got != th.parent {
			t.Fatalf("thing %d has the parent %d, want %d", label, got, th.parent)
		}
	}
}

// look compares what the session sees and, outside a transaction, the database.
func (m *model) look(t *rapid.T) {
	m.must(m.s.Flush(m.ctx))
	if got := m.table(m.s); got != m.want() {
		t.Fatalf("in the session: %s, want %s", got, m.want())
	}
	if len(m.before) == 0 {
		if got := m.table(m.db); got != m.want() {
			t.Fatalf("in the database: %s, want %s", got, m.want())
		}
	}
}

// short has rapid try less often than it would, unless it is told how often.
func short(t *testing.T) {
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "rapid.checks" })
	if told {
		return
	}
	before := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", "25"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", before) })
}

func TestAUnitOfWorkIsWhatItsModelSays(t *testing.T) {
	short(t)
	db := open(t)
	for _, shape := range shapes {
		t.Run(shape.name, func(t *testing.T) {
			if _, err := db.Exec(t.Context(), shape.tables); err != nil {
				t.Fatal(err)
			}
			rapid.Check(t, func(rt *rapid.T) {
				if _, err := db.Exec(t.Context(), "truncate "+tableOf(shape)+" restart identity cascade"); err != nil {
					rt.Fatal(err)
				}
				m := &model{shape: shape, t: rt, ctx: t.Context(), db: db, things: make(map[int]thing), orphaned: make(map[int]bool)}
				m.config.Autoflush = rapid.SampledFrom([]unoactor.Switch{unoactor.On, unoactor.Off}).Draw(rt, "autoflush")
				m.config.ExpireOnCommit = rapid.SampledFrom([]unoactor.Switch{unoactor.On, unoactor.Off}).Draw(rt, "expire")
				m.s = db.NewSession(m.config)
				defer func() { m.s.Close() }()
				rt.Repeat(map[string]func(*rapid.T){
					"add": m.add, "add more": m.add, "change": m.change, "exchange": m.exchange, "move": m.move, "remove": m.remove, "replace": m.replace,
					"flush": m.flush, "begin": m.begin, "commit": m.commit, "rollback": m.rollback, "repeat": m.repeat, "get": m.get, "refresh": m.refresh,
					"restart": m.restart, "look": m.look, "": m.check,
				})
				for len(m.before) > 0 {
					if rapid.Bool().Draw(rt, "committed") {
						m.commit(rt)
					} else {
						m.rollback(rt)
					}
					m.check(rt)
				}
				m.look(rt)
			})
		})
	}
}

// tableOf is the name of a shape's table.
func tableOf(s shape) string {
	var name string
	if _, err := fmt.Sscanf(s.tables, "create table %s", &name); err != nil {
		panic(err)
	}
	return name
}
