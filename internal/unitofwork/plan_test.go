package unitofwork_test

import (
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/unitofwork"
)

func TestAPlanWritesWhatWasAddedChangedAndDeleted(t *testing.T) {
	for name, c := range map[string]struct{ picture, want string }{
		"nothing is known": {"", ""},
		"what was read and not changed is left alone":      {"a1 b1(a1) p1:1(b1)", ""},
		"what was changed is updated":                      {"a1.name=x>y a2.name=z", "update a1 name"},
		"each column that was changed":                     {"b1.title=x>y.shelf=u>v", "update b1 title shelf"},
		"what was changed and changed back is not":         {"a1.name=x>y a1.name=y>x", ""},
		"what was added is inserted":                       {"+a1 +a?x", "insert a1, insert a?x"},
		"what was added and deleted is forgotten":          {"+a1 -a1", ""},
		"what is deleted is not updated":                   {"a1.name=x>y -a1", "delete a1"},
		"what was deleted and added again is kept":         {"a1 -a1 +a1", ""},
		"what is expunged is not written":                  {"a1.name=x>y /a1 +a2 /a2", ""},
		"what was deleted before needs no statement":       {"-a1 !", ""},
		"what was inserted before needs no statement":      {"+a1 !", ""},
		"what was written before is not written again":     {"a1.name=x>y ! a1.name=y>z", "update a1 name"},
		"deletions, then updates, then insertions":         {"+a3 a1.name=x>y -a2", "delete a2, update a1 name, insert a3"},
		"a key that was changed is an error":               {"a1.id=1>2", "error: the key id of authors was changed from 1 to 2"},
		"a value that can't be written is an error":        {"a1.name=x>unwritable", "error: column name of authors"},
		"also one that is added":                           {"+a1.name=unwritable", "error: column name of authors"},
		"a foreign key that is changed by hand is a value": {"b1.author=1>2", "update b1 author"},
	} {
		t.Run(name, func(t *testing.T) { checkPlan(t, c.picture, c.want) })
	}
}

func TestAPlanFollowsReferences(t *testing.T) {
	for name, c := range map[string]struct{ picture, want string }{
		"a new parent comes before its child":                   {"+b1(a1) +a1", "insert a1, insert b1"},
		"a new parent without a key, too":                       {"+b1(a?x) +a?x", "insert a?x, insert b1"},
		"a parent without a key is adopted":                     {"+b1(a?x)", "adopt a?x, insert a?x, insert b1"},
		"so are the parents of that":                            {"+b1(a?x(a?y))", "adopt a?x, adopt a?y, insert a?y, insert a?x, insert b1"},
		"a parent that is new to what was read is adopted":      {"b1(a1>a?x)", "adopt a?x, insert a?x, update b1 -> a?x"},
		"one that is not known and has a key is there":          {"+b1(a7)", "insert b1"},
		"unless its key is that of a new one in part":           {"+n1(p0:2(b?x))", "adopt p0:2, adopt b?x, insert b?x, insert p0:2, insert n1"},
		"what is to be deleted adopts nobody":                   {"b1(a1>a?x) -b1", "delete b1"},
		"another parent is another key":                         {"a1 a2 b1(a1>a2)", "update b1 -> a2"},
		"the same parent under another object is no other key":  {"a1 b1(a1>a1')", ""},
		"another parent that is a part of the key is an error":  {"p1:1(b1>b2)", "error: the object of pages with the key (1, 1) was given another"},
		"a child goes before its parent goes":                   {"a1 b1(a1) -a1 -b1", "delete b1, delete a1"},
		"a child is given another parent before the first goes": {"a1 a2 b1(a1>a2) -a1", "update b1 -> a2, delete a1"},
		"by hand, too":                                         {"a1 a2 b1.author=1>2 -a1", "update b1 author, delete a1"},
		"a key by hand waits for its row":                      {"b1.author=1>2 +a2", "insert a2, update b1 author"},
		"rows of one table wait for each other":                {"+a1(a2) +a2(a3) +a3", "insert a3, insert a2, insert a1"},
		"and go in the other order":                            {"a1 a2(a1) a3(a2) -a1 -a2 -a3", "delete a3, delete a2, delete a1"},
		"a circle waits for the end of the transaction":        {"+a1(a2) +a2(a1)", "insert a1, insert a2, deferred"},
		"a reference that the mapper does not know of is seen": {"+b1.shelf=x +tx", "insert tx, insert b1"},
		"also before a deletion":                               {"tx b1.shelf=x>y -tx", "update b1 shelf, delete tx"},
	} {
		t.Run(name, func(t *testing.T) { checkPlan(t, c.picture, c.want) })
	}
}

func TestAPlanMindsKeysAndUniqueValues(t *testing.T) {
	for name, c := range map[string]struct{ picture, want string }{
		"what is added with the key of what is deleted takes over its row": {"a1 -a1 +a1'", "update a1' for a1"},
		"whichever came first":                                    {"+a1' a1 -a1", "update a1' for a1"},
		"and what refers to the row may go on to do so":           {"a1 b1(a1) -a1 +a1' b1(a1>a1')", "update a1' for a1"},
		"a row that has its key alone is deleted and inserted":    {"tx -tx +tx'", "delete tx, insert tx'"},
		"another table has other rows":                            {"a1 -a1 +b1", "delete a1, insert b1"},
		"a value is given up before it is taken":                  {"a2.name=y>x a1.name=x>z", "update a1 name, update a2 name"},
		"by a row that is deleted":                                {"a1.name=x>y a2.name=y -a2", "delete a2, update a1 name"},
		"for a row that is inserted":                              {"+a2.name=x a1.name=x>y", "update a1 name, insert a2"},
		"in a chain":                                              {"a3.name=z>y a2.name=y>x a1.name=x>w", "update a1 name, update a2 name, update a3 name"},
		"values that are exchanged wait for the end":              {"a1.name=x>y a2.name=y>x", "update a1 name, update a2 name, deferred"},
		"a value that many have is no key":                        {"b1.title=x>y.shelf=s>t b2.title=y>x.shelf=s>t b3.shelf=s>t", "update b1 title shelf, update b2 title shelf, update b3 shelf, deferred"},
		"a foreign key is minded before a value that looks alike": {"a1.name=x b1(a1).title=q>x -b1 -a1", "delete b1, delete a1"},
	} {
		t.Run(name, func(t *testing.T) { checkPlan(t, c.picture, c.want) })
	}
}

// checkPlan compares the plan for a picture with what is wanted, and sees that making it
// changes nothing and gives the same each time.
func checkPlan(t *testing.T, picture, want string) {
	t.Helper()
	d := newDrawing(t)
	d.draw(picture)
	before := d.known()
	for range 20 {
		got := unitofwork.PlanOf(d.unit, d.name)
		if got != want && (!strings.HasPrefix(want, "error: ") || !strings.HasPrefix(got, want)) {
			t.Fatalf("%s:\n got %q\nwant %q", picture, got, want)
		}
	}
	if after := d.known(); after != before {
		t.Errorf("%s: a plan changed what is known:\n from %s\n   to %s", picture, before, after)
	}
}
