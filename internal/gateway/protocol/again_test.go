package protocol_test

import (
	"bytes"
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

func query(sql string) []byte { return wire.Append(nil, 'Q', []byte(sql+"\x00")) }

// The tail of the message that was thrown away looks like a request itself.
func TestWhatWasThrownAwayIsNotSentToAnotherBackend(t *testing.T) {
	m := machine(false)
	long := query("select '" + string(bytes.Repeat([]byte("x"), wire.BufferSize)) + string(query("select 2")))
	m.refused = true
	m.client(t, long[:wire.BufferSize])
	tail := len(long) - len(query("select 2")) - 1
	m.client(t, long[wire.BufferSize:tail])
	ask := query("select 1")
	if got := m.client(t, append(long[tail:], ask...)); !bytes.Equal(got, ask) {
		t.Fatalf("%q is sent", got)
	}
	m.ServerLost("it was killed")
	m.look(t)
	if out := m.Output(); !bytes.Equal(out.ToServer, ask) {
		t.Errorf("%q is sent to another backend, and the client is told %q", out.ToServer, out.ToClient)
	}
}

// Whether a backslash ends a string depends on a parameter.
func TestATextThatIsParsedAgainIsLookedAtAnewAfterAParameterHasChanged(t *testing.T) {
	off := params.NewSet(map[string]string{"standard_conforming_strings": "off"}, nil)
	m := machineWith(false, off)
	again := wire.Append(nil, 'P', []byte("\x00"+`select '\'; listen news; select '`+"\x00\x00\x00"))
	sync, ready := wire.Append(nil, 'S'), wire.AppendReady(nil, 'I')
	m.client(t, append(append([]byte(nil), again...), sync...))
	m.server(t, append(wire.AppendParameter(wire.Append(nil, '1'), "standard_conforming_strings", "on"), ready...))
	skipped := append(wire.Append(nil, 'D', []byte("Pnone\x00")), wire.Append(nil, 'P', []byte("\x00select 1\x00\x00\x00"))...)
	m.client(t, append(skipped, sync...))
	m.server(t, append(wire.Append(nil, 'E', []byte("SERROR\x00\x00")), ready...))
	if m.client(t, append(append([]byte(nil), again...), sync...)); !m.Pinned() {
		t.Error("LISTEN is not seen")
	}
}

// The server was asked to cancel before it has read the Sync.
func TestASyncBehindACopyThatFailsAtOnceIsAccountedFor(t *testing.T) {
	m := machine(false)
	batch := append(append(wire.Append(nil, 'P', []byte("\x00copy t from stdin\x00\x00\x00")), wire.Append(nil, 'B', none)...), wire.Append(nil, 'E', none)...)
	m.client(t, append(batch, wire.Append(nil, 'S')...))
	begun := append(wire.Append(wire.Append(nil, '1'), '2'), wire.Append(nil, 'G', none)...)
	m.server(t, append(begun, wire.Append(nil, 'E', []byte("SERROR\x00\x00"))...))
	if got := m.Output().ToServer; len(got) == 0 {
		t.Error("the server is not asked")
	}
	got := m.server(t, wire.Append(wire.AppendReady(wire.AppendReady(nil, 'I'), 'I'), '3'))
	if m.over || !bytes.Equal(got, wire.AppendReady(nil, 'I')) || m.Output().Backend != protocol.GiveBack {
		t.Errorf("the client is told %q: %+v", got, m.Output())
	}
}
