package sqltext_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/internal/sqltext"
	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// scanner is PostgreSQL's own: a server that tells how it reads a text.
type scanner struct {
	conn    *pgconn.PgConn
	escapes bool // standard_conforming_strings is off
}

// answer is what the server says to a text.
type answer struct {
	statements int        // that were done
	names      [][]string // of the columns of each
	values     [][]string
	err        *pgconn.PgError
}

func server(t *testing.T) []*scanner {
	t.Helper()
	s, database := testkit.Shared(t)
	var all []*scanner
	for _, escapes := range []bool{false, true} {
		conn, err := pgconn.Connect(t.Context(), s.URL(database))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) }) // the test's own context has ended
		set := "set escape_string_warning = off; set backslash_quote = on; set statement_timeout = '10s'; set standard_conforming_strings = on"
		if escapes {
			set += "; set standard_conforming_strings = off"
		}
		if err := conn.Exec(t.Context(), set).Close(); err != nil {
			t.Fatal(err)
		}
		all = append(all, &scanner{conn, escapes})
	}
	return all
}

// ask runs a text.
func (s *scanner) ask(t rapid.TB, sql string) (a answer) {
	results, err := s.conn.Exec(context.Background(), sql).ReadAll()
	if err != nil && !errors.As(err, &a.err) {
		t.Fatalf("%q: %v", sql, err)
	}
	for _, r := range results {
		if r.Err != nil || r.CommandTag.String() == "" { // it failed, or was empty
			continue
		}
		a.statements++
		var names, values []string
		for _, f := range r.FieldDescriptions {
			names = append(names, f.Name)
		}
		for _, row := range r.Rows {
			for _, value := range row {
				values = append(values, string(value))
			}
		}
		a.names, a.values = append(a.names, names), append(a.values, values)
	}
	return a
}

// pieces are what a scanner may stumble over.
var pieces = []string{
	"'a'", "''", "'it''s'", `'a\'`, `'\\'`, `'a\''`, `E'\''`, `e'a\\'`, `E'\n\x41\101\u0041'`, `E'\U0001F600\ud83d\ude00'`, `E'\'''`, `E'\ud83d'`, `E'\u12'`,
	`U&'\0061\+000062'`, `U&'d!0061' uescape '!'`, `u&'\d83d\de00'`, `U&'a\\b'`, `U&'\1'`, `U&"\0061"`, `U&"d!0061""" uescape '!'`, "B'01'", "x'1F'", "N'a'", "n'a''b'",
	"$$a$$", "$$it's$$", "$a$ $$ $b$ $a$", "$a", "$a$", "$$", "$1", "$é$é$é$",
	"1", "1.5", ".5", "1.", "1e5", "1e", "1e+", "1.5e-3", "1..2", "0x1f", "0b01", "1_000", "1a", "1E'a'", "123abc",
	"-- it's\n", "--\r", "--", "/* it's */", "/* /* */ ' */", "/*", "*/", "/**/", "/*/", "\n", "\r", "\r\n", " ", "\t", "\f", "\n ",
	";", "(", ")", "[", "]", ",", "::", ":=", "..", "=>", ".", ":", "=", "<", "<>", "!=", "@-", "+-", "-", "+", "*", "/", "<@+", "*+", "|/", "!", "~-", "?", "#", "%", "^", "&", "`",
	"e", "u&", "U", "b", "x", "n", "N", "uescape", "UESCAPE '!'", "é", "a", "A1$", "_", `"a"`, `"a""b"`, `"É;"`, `""`, `"`, "'", `\`, "{",
	"select ", "select 1", " as ", "as a", "'\n'", "'--\n'", "' -- b\n'", "'a'\n'b'", "E'a\\''\n'b\\''", "'a' -- c\n-- d\n 'b'", "U&'\\00' \n'61'", "b'0'\n'1'", "'a'/**/\n'b'",
	"case", "end", "null", "not", "begin atomic", "create function f()",
}

// TestTheServerCutsTextsAsTheScannerDoes glues pieces together at random. Where the server runs all,
// it must find as many statements. What it complains about must be a token, which it quotes.
func TestTheServerCutsTextsAsTheScannerDoes(t *testing.T) {
	servers := server(t)
	counts := make(map[string]int)
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			sql := "select " + strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(t, "pieces"), "")
			for _, s := range servers {
				counts[s.compare(t, sql)]++
			}
		}
	})
	for _, kind := range []string{"ran", "42601", "42883", "42703", "42P02"} {
		if counts[kind] == 0 {
			t.Errorf("no text was answered with %s: %v", kind, counts)
		}
	}
	t.Log(counts)
}

// compare returns the kind of the server's answer.
func (s *scanner) compare(t *rapid.T, sql string) string {
	a := s.ask(t, sql)
	text := []byte(sql)
	if a.err == nil {
		n := 0
		for statement := range sqltext.Statements(text, s.escapes) {
			if n++; statement.Open {
				t.Fatalf("%q, escapes %v: ran, and is open", sql, s.escapes)
			}
		}
		if n != a.statements {
			t.Fatalf("%q, escapes %v: %d statements, not %d", sql, s.escapes, a.statements, n)
		}
		return "ran"
	}
	kind, near, quoted := strings.Cut(a.err.Message, ` at or near "`)
	near = strings.TrimSuffix(near, `"`)
	if a.err.Position == 0 || !quoted && a.err.Code == "42601" || a.err.Code == "22025" || isOfUnicode(a.err) {
		return "elsewhere" // within a token, at the end, or about none
	}
	at := len(string([]rune(sql)[:a.err.Position-1])) // it counts characters
	w := sqltext.NewScanner(text, s.escapes)
	for w.Solid() && w.Start < at {
	}
	token := string(w.Text())
	switch {
	case w.Start != at:
		t.Fatalf("%q, escapes %v: %v at %d, which is in a token that begins before %d", sql, s.escapes, a.err, at, w.Start)
	case quoted && strings.HasPrefix(kind, "trailing junk"): // what comes after a number depends on the server's age
		if !strings.HasPrefix(near, token) && !strings.HasPrefix(token, near) {
			t.Fatalf("%q, escapes %v: %v, where the token is %q", sql, s.escapes, a.err, token)
		}
	case quoted && token != near && (!isUnicode(w.Kind) || !strings.HasPrefix(near, token)):
		t.Fatalf("%q, escapes %v: %v, where the token is %q", sql, s.escapes, a.err, token)
	case w.Cut != strings.HasPrefix(kind, "unterminated"):
		t.Fatalf("%q, escapes %v: %v, cut off is %v", sql, s.escapes, a.err, w.Cut)
	case a.err.Code == "42883" && !strings.Contains(a.err.Message, token):
		t.Fatalf("%q, escapes %v: %v, where the token is %q", sql, s.escapes, a.err, token)
	}
	return a.err.Code
}

// isOfUnicode says whether an error is about what is escaped in a constant or name, or that anything is.
func isOfUnicode(err *pgconn.PgError) bool {
	return strings.HasPrefix(err.Message, "invalid Unicode") || strings.HasPrefix(err.Message, "unsafe use")
}

func isUnicode(k sqltext.Kind) bool { return k == sqltext.UnicodeName || k == sqltext.UnicodeString }

// TestTheServerEndsStatementsWhereTheScannerDoes runs functions with bodies of SQL, and rules.
func TestTheServerEndsStatementsWhereTheScannerDoes(t *testing.T) {
	servers := server(t)
	if a := servers[0].ask(t, "create table r (a int)"); a.err != nil {
		t.Fatal(a.err)
	}
	inner := rapid.SampledFrom([]string{"select case when true then 1 else 2 end", "select 1 as end", "select 1 end", "select 1 case", "select (select 1)", "", "return 1",
		"select 1 as begin", "insert into r values (1)", "/* end; */ select 1", "select 1 as atomic", "select x.end from (select 1 as end) x"})
	gap := rapid.SampledFrom([]string{" ", "\n", "-- end\n", "/*;*/"})
	body := rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for _, statement := range rapid.SliceOfN(inner, 0, 3).Draw(t, "inner") {
			b.WriteString(gap.Draw(t, "gap") + statement + gap.Draw(t, "gap") + ";")
		}
		return "begin" + gap.Draw(t, "gap") + "atomic" + b.String() + gap.Draw(t, "gap") + rapid.SampledFrom([]string{"end", "END"}).Draw(t, "end")
	})
	outer := rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return "create or replace procedure pg_temp.p() language sql " + body.Draw(t, "body")
		case 1:
			return "create function pg_temp.atomic(begin int) returns void language sql " + body.Draw(t, "body") + "; drop function pg_temp.atomic"
		case 2:
			return "create or replace rule r as on insert to r do also (delete from r where a = 2; delete from r where a = 3)"
		case 3:
			return "Create Or Replace Procedure pg_temp.p() language sql as 'select 1; select 2'"
		case 4:
			return ""
		}
		return rapid.SampledFrom([]string{"select 1 as begin", "select 1 as end", "begin; end", "select 1 /* begin atomic */"}).Draw(t, "statement")
	})
	ran := 0
	rapid.Check(t, func(t *rapid.T) {
		sql := strings.Join(rapid.SliceOfN(outer, 1, 5).Draw(t, "statements"), gap.Draw(t, "gap")+";")
		if servers[0].compare(t, sql) == "ran" {
			ran++
		}
	})
	if ran < 20 {
		t.Errorf("%d ran", ran)
	}
}
