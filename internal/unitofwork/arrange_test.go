package unitofwork_test

import (
	"testing"

	"github.com/unoactor/unoactor/internal/unitofwork"
)

// An edge is drawn as its two tasks with how much it matters between them: < is needed,
// ? likely, : a unique value, + one of a pair of values.
func TestTasksAreArrangedByWhatMattersMost(t *testing.T) {
	for name, c := range map[string]struct{ tasks, edges, want string }{
		"without edges they stay as they are":                      {"abc", "", "abc"},
		"what must come first comes first":                         {"abc", "c<a", "bca"},
		"in a chain":                                               {"abcd", "d<c c<b b<a", "dcba"},
		"the rest keeps its place as far as it can":                {"abcd", "d<b", "acdb"},
		"each kind is minded where nothing is against it":          {"abcd", "b?a c:b d+c", "dcba"},
		"a pair of values gives way to a unique value":             {"ab", "a:b b+a", "ab"},
		"a unique value gives way to what is likely, and waits":    {"ab", "b?a a:b", "ba deferred"},
		"what is likely gives way to what is needed":               {"ab", "a<b b?a", "ab"},
		"a circle of likely ones is not minded":                    {"ab", "a?b b?a", "ab"},
		"a circle of what is needed waits":                         {"abc", "c<b b<c", "abc deferred"},
		"a circle of unique values waits":                          {"abc", "a:b b:c c:a", "abc deferred"},
		"within a circle the rest is minded":                       {"abc", "a:b b:a c<a", "cab deferred"},
		"a circle is left by what matters least":                   {"abc", "c<b b<a a+c", "cba"},
		"two circles have nothing to do with each other":           {"abcd", "a:b b:a c<d d<c", "abcd deferred"},
		"what follows a circle follows all of it":                  {"dabc", "a:b b:a b<d", "abdc deferred"},
		"an edge that is twice there is the one that matters most": {"ab", "b+a b<a", "ba"},
	} {
		t.Run(name, func(t *testing.T) {
			for range 10 {
				if got := unitofwork.Arrange(c.tasks, c.edges); got != c.want {
					t.Fatalf("%s %s: got %q, want %q", c.tasks, c.edges, got, c.want)
				}
			}
		})
	}
}
