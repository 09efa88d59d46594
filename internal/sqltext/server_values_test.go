package sqltext_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// insides are what stands between quotes.
var insides = []string{"a", "B", "''", `""`, `\'`, `\\`, `\n`, `\v`, `\b`, `\101`, `\7`, `\x41`, `\x4`, `\xg`, `\u0041`, `\u00`, `\ud83d`, `\ude00`, `\U0001F600`, `\U`,
	`\0061`, `\+000062`, `\+00`, `\d83d`, `\de00`, `!0061`, "!!", "é", `\é`, "\n", "\r", " ", "$", "$$", "$b$", "--", "/*", ";", "' \n'", "'--\n '", "'\r\n-- a'\n'", "'\f'"}

func TestTheServerReadsConstantsAsTheScannerDoes(t *testing.T) {
	servers := server(t)
	read, refused := 0, 0
	inside := rapid.Map(rapid.SliceOfN(rapid.SampledFrom(insides), 0, 5), func(s []string) string { return strings.Join(s, "") })
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			quotes := rapid.SampledFrom([][2]string{{"'", "'"}, {"E'", "'"}, {"e'", "'"}, {"U&'", "'"}, {"u&'", "' uescape '!'"}, {"n'", "'"}, {"$$", "$$"}, {"$b$", "$b$"}}).Draw(t, "quotes")
			sql := "select " + quotes[0] + inside.Draw(t, "inside") + quotes[1]
			for _, s := range servers {
				w := sqltext.NewScanner([]byte(sql), s.escapes)
				for w.Solid(); w.Kind == sqltext.Word; {
					w.Solid()
				}
				value, ok := w.Value()
				switch a := s.ask(t, sql); {
				case a.err != nil && ok && w.Solid() == false:
					t.Fatalf("%q, escapes %v: the server says %v, the value is %q", sql, s.escapes, a.err, value)
				case a.err != nil:
					refused++
				case !ok && !strings.Contains(sql, `\v`):
					t.Fatalf("%q, escapes %v: the value is %q", sql, s.escapes, a.values[0][0])
				case ok && value != a.values[0][0]:
					t.Fatalf("%q, escapes %v: the value is %q, not %q", sql, s.escapes, a.values[0][0], value)
				default:
					read++
				}
			}
		}
	})
	if read < 100 || refused < 100 {
		t.Errorf("%d read, %d refused", read, refused)
	}
}

func TestTheServerReadsNamesAsTheScannerDoes(t *testing.T) {
	servers := server(t)
	inside := rapid.Map(rapid.SliceOfN(rapid.SampledFrom(insides), 0, 4), func(s []string) string { return strings.Join(s, "") })
	word := rapid.StringMatching(`[a-zA-Z_éÄ][a-zA-Z0-9_$éÄ]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			name := word.Draw(t, "word")
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				name = `"` + inside.Draw(t, "inside") + `"`
			case 1:
				name = `U&"` + inside.Draw(t, "inside") + `"`
			case 2:
				name = `u&"` + inside.Draw(t, "inside") + `" uescape '!'`
			}
			for _, s := range servers {
				sql := "select 1 as " + name
				w := sqltext.NewScanner([]byte(sql), s.escapes)
				for range 4 {
					w.Solid()
				}
				got, ok := w.Name()
				switch a := s.ask(t, sql); {
				case a.err != nil && ok && w.Solid() == false:
					t.Fatalf("%q, escapes %v: the server says %v, the name is %q", sql, s.escapes, a.err, got)
				case a.err == nil && (!ok || got != a.names[0][0]):
					t.Fatalf("%q, escapes %v: the name is %q, not %q", sql, s.escapes, a.names[0][0], got)
				}
			}
		}
	})
}

// TestWhatTheServerReadsAsAConstantIsNotShown puts a secret between pieces. Where it comes back as a
// value, it was a constant.
func TestWhatTheServerReadsAsAConstantIsNotShown(t *testing.T) {
	servers := server(t)
	const secret = "s3cr3tvalue"
	pieces := rapid.Map(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 5), func(s []string) string { return strings.Join(s, "") })
	quotes := rapid.SampledFrom([][2]string{{"'", "'"}, {"E'\\''", "'"}, {"'\\", "'"}, {"'\\'", "'"}, {"u&'", "'"}, {"$$", "$$"}, {"$a$'", "$a$"}, {"'a'\n'", "'"}, {"'''", "'"}, {"", ""}})
	came := 0
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			quote := quotes.Draw(t, "quotes")
			sql := "select " + pieces.Draw(t, "before") + quote[0] + secret + quote[1] + pieces.Draw(t, "after")
			shown := sqltext.WithoutLiterals(sql)
			for _, s := range servers {
				a := s.ask(t, sql)
				has := func(s []string) bool { return strings.Contains(strings.Join(s, " "), secret) }
				if !slices.ContainsFunc(a.values, has) || slices.ContainsFunc(a.names, has) {
					continue // it is no value, or a name as well
				}
				if came++; strings.Contains(shown, secret) {
					t.Fatalf("%q, escapes %v: shown as %q", sql, s.escapes, shown)
				}
			}
		}
	})
	if came < 50 {
		t.Errorf("%d came back", came)
	}
}

// TestTheServerAssignsWhatIsSaidToBeAssigned sets a parameter in all ways and asks for its value.
func TestTheServerAssignsWhatIsSaidToBeAssigned(t *testing.T) {
	s := server(t)[0]
	values := []string{"'a'", "'it''s'", "E'\\n\\x41'", "$$b$$", "U&'\\0061'", "c", "\"D d\"", "On", "true", "1", "-1.50", "+2", "- 3", "'a'\n'b'", "default", "null", "'x' 'y'", "a, b", "f()", "1e3", "1 + 1", "local", "/* a */ e -- f\n"}
	forms := []string{"set NAME = VALUE", "set session NAME to VALUE", "SET Local NAME to VALUE", "set /* to */ NAME=VALUE", "select set_config('NAME', VALUE, false)",
		"select set_config('NAME', VALUE, true)", "select pg_catalog . set_config ( 'NAME',VALUE , False ) as x", "reset NAME"}
	names := []string{"my.own", "My.Own", "MY.own"}
	checked := make(map[string]int)
	rapid.Check(t, func(t *rapid.T) {
		form, name := rapid.SampledFrom(forms).Draw(t, "form"), rapid.SampledFrom(names).Draw(t, "name")
		sql := strings.NewReplacer("NAME", name, "VALUE", rapid.SampledFrom(values).Draw(t, "value")).Replace(form)
		var all []sqltext.Assignment
		for statement := range sqltext.Statements([]byte(sql), false) {
			all = append(all, sqltext.Assignments(statement)...)
		}
		s.ask(t, "set my.own = 'before'; begin")
		set := s.ask(t, sql)
		inside := s.ask(t, "select current_setting('my.own')")
		s.ask(t, "commit")
		after := s.ask(t, "select current_setting('my.own')")
		if set.err != nil {
			return
		}
		if len(all) != 1 || all[0].Name != strings.ToLower(name) {
			t.Fatalf("%q: %+v", sql, all)
		}
		a := all[0]
		switch {
		case !a.Literal:
			checked["more"]++
		case a.Reset:
			checked["reset"]++
			if inside.values[0][0] == "before" {
				t.Fatalf("%q: %+v, and it is as before", sql, a)
			}
		case inside.values[0][0] != strings.Join(a.Values, ", "):
			t.Fatalf("%q: %+v, and it is %q", sql, a, inside.values[0][0])
		}
		if lasts := after.values[0][0] == inside.values[0][0]; lasts == a.Local && inside.values[0][0] != "before" {
			t.Fatalf("%q: %+v, and it is %q, then %q", sql, a, inside.values[0][0], after.values[0][0])
		}
		checked["done"]++
	})
	if checked["done"] < 30 || checked["reset"] == 0 {
		t.Error(checked)
	}
}
