package sqltext_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// letters are the kinds of tokens in the pictures of the tests.
var letters = map[sqltext.Kind]string{
	sqltext.Space: " ", sqltext.Comment: "-", sqltext.Word: "w", sqltext.Name: "n", sqltext.UnicodeName: "N", sqltext.String: "s", sqltext.EscapeString: "e",
	sqltext.UnicodeString: "u", sqltext.BitString: "b", sqltext.DollarString: "d", sqltext.Number: "1", sqltext.Parameter: "p", sqltext.Operator: "+", sqltext.Sign: ".",
}

// picture draws the tokens of a text: a letter for each kind, as often as the token is long, then | or, if
// it is cut off, !.
func picture(sql string, escapes bool) string {
	var b strings.Builder
	for s := sqltext.NewScanner([]byte(sql), escapes); s.Next(); {
		b.WriteString(strings.Repeat(letters[s.Kind], s.End-s.Start))
		b.WriteString(map[bool]string{false: "|", true: "!"}[s.Cut])
	}
	return b.String()
}

func TestATextIsCutIntoTokens(t *testing.T) {
	for _, c := range [][2]string{
		{"select a1$, _b", "wwwwww| |www|.| |ww|"},
		{`"a""b"U&"c" u&d`, `nnnnnn|NNNNN| |w|+|w|`},
		{`'a'b`, `sss|w|`},
		{`'a''b'E'\'''' '`, `ssssss|eeeeeee| |s!`},
		{`B'0'x'1'''N'a'`, `bbbb|bbbb|ss|w|sss|`},
		{`U&'\' uescape '!'`, `uuuuu| |wwwwwww| |sss|`},
		{"'a' \n'b' 'c'", "ssssssss| |sss|"},
		{"'a' -- it's\r 'b'", "ssssssssssssssss|"},
		{"'a' --\n", "sss| |--| |"},
		{"'a' /*\n*/'b'", "sss| |-----|sss|"},
		{"b'0'\n'1'", "bbbbbbbb|"},
		{"E'\\'' \n '\\'' ", "eeeeeeeeeeee| |"},
		{"$$a$$ $b$ $$ $b$", "ddddd| |dddddddddd|"},
		{"a$$ $1$2 $ $a $1a", "www| |pp|pp| |.| |.|w| |pp|w|"},
		{"$é$$é$", "dddddddd|"},
		{"1 1.5 .5 1. 1..2 1e5 1e-5 1e 1e+", "1| |111| |11| |11| |1|..|1| |111| |1111| |1|w| |1|w|+|"},
		{"1_000 0x1F 0o17 0b_1 1__0 0x 0xg 1a", "11111| |1111| |1111| |1111| |1|www| |1|w| |1|ww| |1|w|"},
		{"1E'\\'' 1_0e'a'", "1|eeeee| |1|www|sss|"},
		{"a+-1 @- <--x", "w|+|+|1| |++| |+|---|"},
		{"=-1 <>-1 +/* */*", "+|+|1| |++|+|1| |+|-----|+|"},
		{"a::b := (c..d)[1]:;", "w|..|w| |..| |.|w|..|w|.|.|1|.|.|.|"},
		{"--a\n/* /* */ */*/", "---| |-----------|++|"},
		{"'a", "ss!"}, {"E'\\", "eee!"}, {"\"a", "nn!"}, {"$a$ $a", "dddddd!"}, {"/* /* */", "--------!"}, {"b'", "bb!"}, {"'a'\n'b", "ssssss!"},
		{"\x00\\{", ".|.|.|"},
		{"", ""},
	} {
		want := strings.ReplaceAll(c[1], " |", " |")
		if got := picture(c[0], false); got != want {
			t.Errorf("%q:\n got %s\nwant %s", c[0], got, want)
		}
	}
}

func TestABackslashEscapesWhereStandardConformingStringsIsOff(t *testing.T) {
	for sql, want := range map[string]string{
		`'\' 'a'`: "eeeee|w|e!", `'a\'`: "eeee!", `U&'\' 'a'`: "uuuuu| |eee|", `$$\$$`: "ddddd|", `"\" a`: "nnn| |w|", `b'\' a`: "bbbb| |w|",
	} {
		if got := picture(sql, true); got != want {
			t.Errorf("%q:\n got %s\nwant %s", sql, got, want)
		}
	}
}

func TestAConstantHasAValueIfEveryServerReadsItSo(t *testing.T) {
	for sql, want := range map[string]string{
		`'it''s'`: "it's", `'\n'`: `\n`, "'a'\n'b'": "ab", `E'\t\\\'''\x41\101\u00e9\U0001f600\ud83d\ude00\q'`: "\t\\''AAé😀😀q", "$$a'$$": "a'", "$a$$$$a$": "$$",
		`U&'\0061\+00e901\\'`: "a\U0000e901\\", `U&'!d83d!de00' uescape '!'`: "😀", `U&'a!' uescape '!'`: "", `E'\xff'`: "", `E'\0'`: "", `E'\ud83d'`: "", `E'\u12'`: "", `'a`: "", "1": "", "B'0'": "",
		`U&'a' uescape 'aa'`: "", `E'\v'`: "",
	} {
		s := sqltext.NewScanner([]byte(sql), false)
		s.Next()
		if got, ok := s.Value(); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v, not %q", sql, got, ok, want)
		}
	}
}

func TestNamesAreFoldedAndDecoded(t *testing.T) {
	for sql, want := range map[string]string{
		"Abc": "abc", `"Abc"`: "Abc", `"a""b"`: `a"b`, `U&"\0041""" `: `A"`, `U&"!0041" uescape '!'`: "A", `""`: "", `"a`: "", "1": "", "ÄA": "Äa",
	} {
		s := sqltext.NewScanner([]byte(sql), false)
		s.Next()
		if got, ok := s.Name(); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v, not %q", sql, got, ok, want)
		}
	}
}

func TestStatementsEndAtSemicolonsThatAreNotWithinThem(t *testing.T) {
	for sql, want := range map[string]string{
		"": "", " ;; /* a */ ;": "", "select 1": "select<select 1>",
		" Select 1 ; /* ; */ (update x); -- a":                                                           "select<Select 1> update<(update x)>",
		"select ';', $$;$$, \";\"; 1":                                                                    "select<select ';', $$;$$, \";\"> <1>",
		"create rule r as do (insert; delete); x":                                                        "create<create rule r as do (insert; delete)>nested x<x>",
		"create function f() begin atomic select 1 end; ; end; x":                                        "create<create function f() begin atomic select 1 end; ; end>nested x<x>",
		"create procedure begin() begin atomic end; x":                                                   "create<create procedure begin() begin atomic end> x<x>",
		"create function f() begin atomic create or replace function g() begin atomic a; end; b; end; x": "create<create function f() begin atomic create or replace function g() begin atomic a; end; b; end>nested x<x>",
		"begin atomic; end; create table t (begin atomic); end":                                          "begin<begin atomic> end<end> create<create table t (begin atomic)> end<end>",
		"create function f(begin atomic) as 'x'; x":                                                      "create<create function f(begin atomic) as 'x'> x<x>",
		"select (1; x":                          "select<select (1; x>nestedopen",
		"select 'a; x":                          "select<select 'a; x>open",
		"select 1; /* a":                        "select<select 1> </* a>open",
		"create function f() begin atomic a; x": "create<create function f() begin atomic a; x>nestedopen",
		"select 1); x":                          "select<select 1)> x<x>",
	} {
		var got []string
		for s := range sqltext.Statements([]byte(sql), false) {
			said := fmt.Sprintf("%s<%s>", s.Verb, s.Text)
			if s.Nested {
				said += "nested"
			}
			if s.Open {
				said += "open"
			}
			got = append(got, said)
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", sql, got, want)
		}
	}
}

func TestStatementsStopWhereNoMoreAreWanted(t *testing.T) {
	for s := range sqltext.Statements([]byte("a; b"), false) {
		if s.Verb != "a" {
			t.Fatal(s.Verb)
		}
		break
	}
}
