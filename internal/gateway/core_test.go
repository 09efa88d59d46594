package gateway_test

import (
	"testing"

	"github.com/unoactor/unoactor/internal/gateway"
)

var none = []byte{0, 0, 0, 0, 0, 0}

func tell(t *testing.T, c *gateway.Core, client string) {
	t.Helper()
	for _, typ := range []byte(client) {
		if c.Holds(typ) || !c.Client(typ, none, 0) {
			t.Fatalf("%c is held or refused", typ)
		}
	}
}

func TestTheDataOfACopyWaitsUntilTheServerReadsIt(t *testing.T) {
	c := gateway.NewCore(false)
	tell(t, c, "QPBE")
	for _, m := range []struct {
		typ  byte
		body string
	}{{'C', "SELECT 1\x00"}, {'Z', "I"}, {'1', ""}, {'2', ""}} {
		if !c.Holds('d') || !c.Holds('c') {
			t.Errorf("data is sent, though the server may not have come to the COPY before %c", m.typ)
		}
		c.Server(m.typ, []byte(m.body))
	}
	c.Server('G', none)
	tell(t, c, "dcP")
}

func TestTheEndOfACopyThatFailedIsNotTakenForThatOfTheNext(t *testing.T) {
	c := gateway.NewCore(false)
	tell(t, c, "Q")
	c.Server('E', []byte{0}) // before it read anything
	if !c.Holds('c') {
		t.Error("the data of the first is sent, though its error may not be its last word")
	}
	c.Server('Z', []byte("I"))
	tell(t, c, "dcQ")
	c.Server('G', none)
	if c.Client('P', none, 0) {
		t.Error("the second COPY reads data, but other messages may follow")
	}
}

func TestWhatTheServerOwesHasABound(t *testing.T) {
	c := gateway.NewCore(false)
	n := 0
	for ; !c.Holds('S') && n < 1e6; n++ {
		tell(t, c, "S")
	}
	if n != 4096 {
		t.Errorf("%d replies may be owed", n)
	}
	for ; c.Holds('S') && n > 0; n-- {
		c.Server('Z', []byte("I"))
	}
	if n > 2048 {
		t.Errorf("with %d owed the client goes on", n)
	}
}
