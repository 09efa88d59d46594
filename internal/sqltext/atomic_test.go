package sqltext_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// TestNoStatementHidesInWhatIsAroundIt has a CALL stand among statements with comments,
// strings and quotes that look like the end of it, or like another begin.
func TestNoStatementHidesInWhatIsAroundIt(t *testing.T) {
	gap := rapid.SampledFrom([]string{"", " ", "\n", "-- a; select\n", "--'\r\n", "/* ; select */", "/* a /* */ ; insert */", "/* -- */", "/*'*/"})
	noise := rapid.SampledFrom([]string{"1", "'; select'", "'--'", "'/*'", "'*/'", "';--'", "'; /*'", "$$; select $$", "$a$ ;(/* $a$", `"; select"`, `"--"`,
		"/* ; with */", "-- ; select\n", "-- /*\n", "E'\\';'", "(", ")"})
	statement := func(t *rapid.T, word string) string {
		return strings.Join(rapid.SliceOfN(gap, 0, 3).Draw(t, "before"), "") + word + " " +
			strings.Join(rapid.SliceOfN(noise, 0, 5).Draw(t, "text"), " ")
	}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"select", "Insert", "WITH", "create", "("}), 0, 4).Draw(t, "words")
		at := rapid.IntRange(0, len(words)).Draw(t, "at")
		var texts []string
		for _, w := range slices.Insert(words, at, rapid.SampledFrom([]string{"call", "DO", "commit", "vacuum"}).Draw(t, "word")) {
			texts = append(texts, statement(t, w))
		}
		if sql := strings.Join(texts, ";"); sqltext.AllOrNothing(sql) {
			t.Fatalf("%q", sql)
		}
	})
}

func TestWhatIsAllOrNothing(t *testing.T) {
	for sql, want := range map[string]bool{
		"":                               true,
		"select 1":                       true,
		" (select 1) union (select 2); ": true,
		"-- a comment; call\nselect 1":   true,
		"/* a /* nested */ one */ Update t set n = 1":       true,
		"insert into t values (1); delete from t":           true,
		"set lock_timeout = '1s'; alter table t add c int":  true,
		"create index i on t (n)":                           true,
		"create index Concurrently i on t (n)":              false,
		"alter table t detach partition p concurrently":     false,
		"drop database d":                                   false,
		"alter system set work_mem = '1MB'":                 false,
		"create subscription s connection '' publication p": false,
		"selection":                            false,
		"vacuum":                               false,
		"reindex table t":                      false,
		"execute p":                            false,
		"/* select 1":                          false,
		"insert into t values (';'); select 1": true,
		"prepare transaction 'x'":              false,
		"select 1; rollback":                   false,
		"explain analyze select 1":             false,
		"create procedure p() begin atomic; select 1; end":      false,
		"refresh materialized view v; comment on table t is ''": true,
	} {
		if got := sqltext.AllOrNothing(sql); got != want {
			t.Errorf("%q: %v", sql, got)
		}
	}
}
