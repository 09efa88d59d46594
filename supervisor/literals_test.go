package supervisor_test

import (
	"strings"
	"testing"

	"github.com/unoactor/unoactor/supervisor"
)

func TestNoLiteralOfAStatementIsShown(t *testing.T) {
	for sql, want := range map[string]string{
		"select 1":                                    "select ?",
		"alter role app password 'geheim'":            "alter role app password ?",
		"select 'it''s', E'a\\'b', x":                 "select ?, ?, x",
		"select $tag$ secret $$ still $tag$, $1":      "select ?, $1",
		"select $$secret$$":                           "select ?",
		`select "a 'b' 1" from t2 where c3 = 4.5e6`:   `select "a 'b' 1" from t2 where c3 = ?`,
		"select 'cut off":                             "select ?",
		"select $x$cut off":                           "select ?",
		"insert into t values (1, -2, 0xff, 'größe')": "insert into t values (?, -?, ?, ?)",
		"begin": "begin",
		"":      "",
	} {
		if got := supervisor.WithoutLiterals(sql); got != want {
			t.Errorf("%s:\n got %s\nwant %s", sql, got, want)
		}
	}
}

func FuzzWithoutLiterals(f *testing.F) {
	f.Add("select 1, ", " from t")
	f.Add("select E'\\", "'")
	f.Add("select $a$", "$a")
	f.Fuzz(func(t *testing.T, before, after string) {
		supervisor.WithoutLiterals(before + after) // anything: no panic
		const secret = "s3cr3tvalue"
		if strings.ContainsAny(before+after, `'"$\eEsS`) || strings.Contains(before+after, secret) {
			return // it may open a literal, or be one
		}
		if got := supervisor.WithoutLiterals(before + " '" + secret + "' " + after); strings.Contains(got, secret) {
			t.Errorf("%q + literal + %q: %q", before, after, got)
		}
	})
}
