package gateway_test

import (
	"bytes"
	"testing"

	"github.com/unoactor/unoactor/testkit"
)

func TestARequestOnABackendThatIsFreeAllocatesNothing(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	r := w.login(t)
	request := []byte("Q\x00\x00\x00\rselect 1\x00")
	var answer [1 << 10]byte
	ask := func() {
		r.write(request)
		for n := 0; !bytes.HasSuffix(answer[:n], []byte("Z\x00\x00\x00\x05I")); {
			more, err := r.conn.Read(answer[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += more
		}
	}
	ask()
	if n := testing.AllocsPerRun(2000, ask); n >= 1 {
		t.Errorf("%v allocations a request", n)
	}
}
