package unitofwork_test

import (
	"testing"

	"github.com/unoactor/unoactor/internal/unitofwork"
)

// What was known, what a level is that began then, what was done since then: the fates of
// the objects at its rollback, and what is known after it.
func TestARollbackMakesObjectsWhatTheyWere(t *testing.T) {
	for name, c := range map[string]struct{ before, level, since, fates, after string }{
		"nothing is known, nothing is undone":                      {"", "begin", "", "", ""},
		"what was not changed may be older than its row":           {"a1", "begin", "", "a1 back", "a1*"},
		"a change is undone":                                       {"a1.name=x", "begin", "a1.name=x>y", "a1 back", "a1.name=x*"},
		"also one that was flushed":                                {"a1.name=x", "begin", "a1.name=x>y !", "a1 back", "a1.name=x*"},
		"a change from before is kept":                             {"a1.name=x>y", "begin", "!", "a1 back", "a1.name=x>y*"},
		"in a transaction that began of itself it is part of that": {"a1.name=x>y", "implicit", "!", "a1 back", "a1.name=x*"},
		"what was added before is to be inserted again":            {"+a1.name=x", "begin", "!", "a1 back", "+a1.name=x"},
		"it has no key again":                                      {"+a?x", "begin", "!", "a?x back", "+a?x"},
		"what was added since is forgotten":                        {"", "begin", "+a1", "a1 forgotten", ""},
		"also if it was flushed":                                   {"a1", "begin", "+a2 !", "a1 back, a2 forgotten", "a1*"},
		"so is what was adopted":                                   {"", "begin", "+b1(a?x) !", "b1 forgotten, a?x forgotten", ""},
		"what was deleted is there again":                          {"a1", "begin", "-a1", "a1 back", "a1*"},
		"also if it was flushed, or expunged":                      {"a1 a2", "begin", "-a1 ! /a2", "a1 back, a2 back", "a1* a2*"},
		"what was to be deleted is to be deleted again":            {"-a1", "begin", "!", "a1 back", "-a1"},
		"what was read since is as it was read":                    {"", "begin", "a1.name=x>y", "a1 reread", "a1.name=x*"},
		"also if it was flushed, or deleted":                       {"", "begin", "a1.name=x>y ! -a2 !", "a1 reread, a2 reread", "a1.name=x* a2*"},
		"another object for a row that is known is forgotten":      {"a1", "begin", "/a1 a1'", "a1 back, a1' forgotten", "a1*"},
		"what took over a row gives it back":                       {"a1.name=x", "begin", "-a1 +a1' !", "a1 back, a1' forgotten", "a1.name=x*"},
		"an object points at its former parent":                    {"a1 a2 b1(a1)", "begin", "b1(a1>a2) !", "a1 back, a2 back, b1 back", "a1* a2* b1(a1).author=1*"},
		"a flush of its own undoes what it was about":              {"a1.name=x>y +a?x a3", "flush", "!", "a1 back, a?x back, a3 untouched", "a1.name=x>y* +a?x a3*"},
		"and what it took a row from":                              {"a1 -a1 +a1'", "flush", "!", "a1 back, a1' back", "-a1 +a1'"},
		"what was read during it stays":                            {"+a?x", "flush", "a2", "a?x back, a2 untouched", "+a?x a2*"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrawing(t)
			d.draw(c.before)
			d.begin(c.level)
			d.draw(c.since)
			known := d.known()
			if got := unitofwork.FatesOf(d.unit, d.name); got != c.fates {
				t.Errorf("the fates are\n     %q\nwant %q", got, c.fates)
			}
			if got := d.known(); got != known {
				t.Errorf("what decides about them changed what is known from %s to %s", known, got)
			}
			d.unit.RolledBack(0)
			if got := d.known(); got != c.after {
				t.Errorf("known after the rollback is\n     %q\nwant %q", got, c.after)
			}
			if n := unitofwork.Levels(d.unit); n != 0 {
				t.Errorf("%d levels are left", n)
			}
		})
	}
}

func TestALevelEndsWithThoseWithinIt(t *testing.T) {
	for name, c := range map[string]struct{ picture, want string }{
		"a savepoint undoes what came after it":              {"a1.name=x ( a1.name=x>y ! ( a1.name=y>z ! <", "a1.name=y*"},
		"the transaction undoes the rest":                    {"a1.name=x ( a1.name=x>y ! ( a1.name=y>z ! < <", "a1.name=x*"},
		"a savepoint that was released is undone with it":    {"a1.name=x ( ( a1.name=x>y +a2 ! ) <", "a1.name=x*"},
		"a commit is for good":                               {"a1.name=x ( a1.name=x>y +a2 ! )", "a1.name=y* a2*"},
		"what was deleted is forgotten then":                 {"( -a1 ! )", ""},
		"a commit of a savepoint alone forgets nothing":      {"( ( -a1 ! )", "xa1"},
		"after a commit the next transaction begins with it": {"( a1.name=x>y ! ) ( a1.name=y>z ! <", "a1.name=y*"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrawing(t)
			d.draw(c.picture)
			if got := d.known(); got != c.want {
				t.Errorf("%s:\n got %q\nwant %q", c.picture, got, c.want)
			}
		})
	}
}

func TestWhatAFlushSetIsTakenBackFromWhatIsForgotten(t *testing.T) {
	d := newDrawing(t)
	d.draw("( +b?y(a?x) !")
	written, parent := d.objects["b?y"].(*book), d.objects["a?x"].(*author)
	if written.ID == 0 || parent.ID == 0 {
		t.Fatalf("the flush gave no keys: %+v, %+v", written, parent)
	}
	d.draw("<")
	if written.ID != 0 || parent.ID != 0 || written.author != parent {
		t.Errorf("after the rollback: %+v, %+v", written, parent)
	}
}
