package sqltext_test

import (
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// texts are what clients send.
var texts = []struct{ name, sql string }{
	{"short", "select abalance from pgbench_accounts where aid = $1"},
	{"quoted", `SELECT "users"."id", "users"."name", "users"."born" FROM "users" WHERE "users"."id" = $1 AND "users"."gone" IS NULL LIMIT 1`},
	{"4kB", strings.Repeat("update accounts set balance = balance + 17, note = 'it''s moved' where id = 4711; -- of the day\n"+
		"insert into history (account, delta, at) values (4711, 17, now());\n", 25)},
	{"1MB_literal", "insert into documents (id, body) values (1, '" + strings.Repeat("lorem ipsum dolor ", 1<<16) + "')"},
	{"1MB_escaped", "insert into documents (id, body) values (1, E'" + strings.Repeat(`lorem\nipsum dolor `, 1<<16) + "')"},
}

func BenchmarkScanner(b *testing.B) {
	for _, c := range texts {
		b.Run(c.name, func(b *testing.B) {
			text := []byte(c.sql)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				s := sqltext.NewScanner(text, false)
				for s.Solid() {
				}
			}
		})
	}
}

func BenchmarkEffects(b *testing.B) {
	for _, c := range texts {
		b.Run(c.name, func(b *testing.B) {
			text := []byte(c.sql)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				effects := sqltext.NewEffects(text, false)
				if effect, ok := effects.Next(); ok {
					b.Fatal(effect)
				}
			}
		})
	}
}

func BenchmarkOnlyReads(b *testing.B) {
	text := []byte(texts[0].sql)
	b.ReportAllocs()
	for b.Loop() {
		sqltext.OnlyReads(text)
	}
}

func BenchmarkWithoutLiterals(b *testing.B) {
	for _, c := range texts {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.sql)))
			b.ReportAllocs()
			for b.Loop() {
				sqltext.WithoutLiterals(c.sql)
			}
		})
	}
}
