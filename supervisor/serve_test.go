package supervisor_test

import (
	"testing"

	"github.com/unoactor/unoactor/testkit"
)

func TestLeaseServesAQuery(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, nil))
	l, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Backend()
	if err != nil {
		t.Fatal(err)
	}
	var got int
	if err := b.Conn().QueryRow(t.Context(), "select 41 + 1").Scan(&got); err != nil || got != 42 {
		t.Fatalf("got %d, %v", got, err)
	}
	l.Release()
	if _, err := l.Backend(); err == nil {
		t.Fatal("a released lease still gives its backend")
	}
}
