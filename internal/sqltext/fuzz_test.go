package sqltext_test

import (
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// seeds are texts with all that a scanner knows; there are more in testdata.
var seeds = []string{
	"select 'it''s', E'\\'', U&'d!0061' uescape '!', B'01', x'1f', N'a', $$a$$, $é$ $$ $é$, $1, 1.5e-3, 0x_1f, 1_000",
	"/* /* don't */ */ alter role app password 'secret' -- don't\r;", "set local timezone = 'a', -1.5, \"b\"; reset all; set time zone local",
	"create or replace function f() returns int begin atomic select case when true then 1 end; end; select 1",
	"do $$ begin execute $a$set x = 'y'$a$; perform set_config('a', E'b\\x41', true); end $$", "select 'a\\', secret, 'b'", "select 'a' -- b\n 'c'",
	"declare c cursor with", "update only pg_catalog.pg_settings set", "set session characteristics as transaction read only", "1E'a'", "1__0e+.5..6", "\"", "'", "$a", "/*", "\\",
}

// FuzzScanner: each byte is in one token, and nothing that is judged by tokens panics.
func FuzzScanner(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, sql string, escapes bool) {
		text := []byte(sql)
		end := 0
		solid := sqltext.NewScanner(text, escapes)
		for s := sqltext.NewScanner(text, escapes); s.Next(); end = s.End {
			if s.Start != end || s.End <= s.Start || s.End > len(sql) || s.Cut && s.End != len(sql) {
				t.Fatalf("%+v after %d", s.Token, end)
			}
			if s.Kind == sqltext.Space || s.Kind == sqltext.Comment && !s.Cut {
				continue
			}
			if !solid.Solid() || solid.Token != s.Token {
				t.Fatalf("%+v is the next solid token, not %+v", solid.Token, s.Token)
			}
			s.Value()
			s.Name()
		}
		if end != len(sql) || solid.Solid() {
			t.Fatalf("%d bytes, then %+v", end, solid.Token)
		}
		for statement := range sqltext.Statements(text, escapes) {
			sqltext.Assignments(statement)
		}
		effects := sqltext.NewEffects(text, escapes)
		for _, ok := effects.Next(); ok; _, ok = effects.Next() {
		}
		sqltext.OnlyReads(text)
		if sqltext.AllOrNothing(sql) && !sqltext.StaysWithin(sql) {
			t.Fatal("all or nothing, and does not stay within")
		}
	})
}

// FuzzWithoutLiterals: no constant and no comment is left, and no byte of one in any reading.
func FuzzWithoutLiterals(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, "")
		f.Add(s[:len(s)/2], s[len(s)/2:])
	}
	f.Add("/* don't */ alter role app password '", "'")
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "s3cr3tvalue"
		if strings.Contains(before, secret) || strings.Contains(after, secret) {
			t.Skip()
		}
		sql := before + secret + after
		shown := sqltext.WithoutLiterals(sql)
		for _, escapes := range []bool{false, true} {
			for s := sqltext.NewScanner([]byte(shown), escapes); s.Next(); {
				if s.IsLiteral() || s.Kind == sqltext.Comment {
					t.Fatalf("%q has %q", shown, s.Text())
				}
			}
			for s := sqltext.NewScanner([]byte(sql), escapes); s.Next(); {
				if (s.IsLiteral() || s.Kind == sqltext.Comment || s.Cut) && strings.Contains(string(s.Text()), secret) && strings.Contains(shown, secret) {
					t.Fatalf("%q has what is in %q", shown, s.Text())
				}
			}
		}
	})
}

// FuzzPortable: what is portable means the same where standard_conforming_strings is off.
func FuzzPortable(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		portable := sqltext.NewScanner([]byte(sqltext.Portable(sql)), true)
		for s := sqltext.NewScanner([]byte(sql), false); s.Solid(); {
			if !portable.Solid() {
				t.Fatalf("%q has no %q", sqltext.Portable(sql), s.Text())
			}
			value, ok := s.Value()
			if same, still := portable.Value(); s.Kind != sqltext.UnicodeString && (same != value || ok != still) {
				t.Fatalf("%q, %v is %q, %v", value, ok, same, still)
			}
		}
		if portable.Solid() {
			t.Fatalf("%q is more", portable.Text())
		}
	})
}
