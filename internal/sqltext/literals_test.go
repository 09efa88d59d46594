package sqltext_test

import (
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/internal/sqltext"
)

func TestNoLiteralOfAStatementIsShown(t *testing.T) {
	for sql, want := range map[string]string{
		"select 1":                                     "select ?",
		"alter role app password 'geheim'":             "alter role app password ?",
		"select 'it''s', E'a\\'b', x":                  "select ?, ?, x",
		"select $tag$ secret $$ still $tag$, $1":       "select ?, $1",
		"select $$secret$$":                            "select ?",
		`select "a 'b' 1" from t2 where c3 = 4.5e6`:    `select "a 'b' 1" from t2 where c3 = ?`,
		"select 'cut off":                              "select ?",
		"select $x$cut off":                            "select ?",
		"insert into t values (1, -2, 0xff, 'größe')":  "insert into t values (?, -?, ?, ?)",
		"/* don't */ alter role app password 'secret'": "  alter role app password ?",
		"/* a /* don't */ b' */ select 'secret'":       "  select ?",
		"/* 'secret' */ select 1":                      "  select ?",
		"select 1 /* cut off 'secret":                  "select ?  ",
		"select 1 -- don't\n, 'secret'":                "select ?  \n, ?",
		"select 1 -- don't\r, 'secret'":                "select ?  \r, ?",
		"select 1 - -2 / 'secret' * 3":                 "select ? - -? / ? * ?",
		`select E'a' 'secret'`:                         "select ? ?",
		"select E'a\\''\n\t'b\\' secret', 'secret'":    "select ?, ?",
		"select e'a'--'\n'\\' secret', 'secret'":       "select ?, ?",
		`select 'a\' , secret, 'b'`:                    "select ?",
		`select '\\', 'secret'`:                        "select ?, ?",
		`select 1E'\' secret', 'secret'`:               "select ??, ?",
		`select $1E'\' secret', 'secret'`:              "select $1?, ?",
		`select U&'d\0061t' uescape '!', n'secret'`:    "select ? uescape ?, n?",
		`select b'0101', X'1F', .5, 1_000, 5::text`:    "select ?, ?, ?, ?, ?::text",
		`select "a""'b", 'secret'`:                     `select "a""'b", ?`,
		`select "cut off 'secret`:                      `select `,
		"select a$b$, 'secret', c$b$":                  "select a$b$, ?, c$b$",
		"select $é$ secret $é$, $a $b$ secret $b$":     "select ?, $a ?",
		"select $1$2, 'secret'":                        "select $1$2, ?",
		"select E'secret\\":                            "select ?",
		"begin":                                        "begin",
		"":                                             "",
	} {
		if got := sqltext.WithoutLiterals(sql); got != want {
			t.Errorf("%s:\n got %s\nwant %s", sql, got, want)
		}
	}
}

func TestLiteralsThatContinueEachOtherCostNoMoreThanOthers(t *testing.T) {
	costs := func(between string) time.Duration {
		sql := strings.Repeat("'a'"+between, 20000)
		began := time.Now()
		sqltext.WithoutLiterals(sql)
		return time.Since(began)
	}
	if others, these := costs(", "), costs("\n "); these > 20*others+10*time.Millisecond {
		t.Errorf("%v, others %v", these, others)
	}
}
