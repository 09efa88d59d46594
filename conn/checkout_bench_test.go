package conn_test

import (
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
)

func BenchmarkCheckout(b *testing.B) {
	s, _, _, _ := slots(b, 16, func(*config.Pool, *conn.DialerOptions) {})
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		l, err := s.Acquire(ctx)
		if err != nil {
			b.Fatal(err)
		}
		l.Release()
	}
}
