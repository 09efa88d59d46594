package protocol_test

import (
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

var none = []byte{0, 0, 0, 0, 0, 0}

func tell(t *testing.T, m *told, client string) {
	t.Helper()
	for _, typ := range []byte(client) {
		b := wire.Append(nil, typ, none)
		if m.Holds(typ) || m.FromClient(b) == 0 {
			t.Fatalf("%c is held or refused", typ)
		}
		m.says.follow(t, b)
		m.look(t)
	}
}

func TestTheDataOfACopyWaitsUntilTheServerReadsIt(t *testing.T) {
	m := machine(false)
	tell(t, m, "QPBE")
	for _, one := range []struct {
		typ  byte
		body string
	}{{'C', "SELECT 1\x00"}, {'Z', "I"}, {'1', ""}, {'2', ""}} {
		if !m.Holds('d') || !m.Holds('c') {
			t.Errorf("data is sent, though the server may not have come to the COPY before %c", one.typ)
		}
		m.server(t, wire.Append(nil, one.typ, []byte(one.body)))
	}
	m.server(t, wire.Append(nil, 'G', none))
	tell(t, m, "dcP")
}

func TestTheEndOfACopyThatFailedIsNotTakenForThatOfTheNext(t *testing.T) {
	m := machine(false)
	tell(t, m, "Q")
	m.server(t, wire.Append(nil, 'E', []byte{0})) // before it read anything
	if !m.Holds('c') {
		t.Error("the data of the first is sent, though its error may not be its last word")
	}
	m.server(t, wire.Append(nil, 'Z', []byte("I")))
	tell(t, m, "dcQ")
	m.server(t, wire.Append(nil, 'G', none))
	if m.FromClient(wire.Append(nil, 'P', none)); m.Output().Want != protocol.End {
		t.Error("the second COPY reads data, but other messages may follow")
	}
}

func TestWhatTheServerOwesHasABound(t *testing.T) {
	m := machine(false)
	n := 0
	for ; !m.Holds('S') && n < 1e6; n++ {
		tell(t, m, "S")
	}
	if n != 4096 {
		t.Errorf("%d replies may be owed", n)
	}
	for ; m.Holds('S') && n > 0; n-- {
		m.server(t, wire.Append(nil, 'Z', []byte("I")))
	}
	if n > 2048 {
		t.Errorf("with %d owed the client goes on", n)
	}
}
