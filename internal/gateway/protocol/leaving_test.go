package protocol_test

import (
	"bytes"
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

func TestACopyThatBeginsAfterItsClientHasGoneIsEnded(t *testing.T) {
	for name, request := range map[string][]byte{
		"simple":   wire.Append(nil, 'Q', []byte("copy t from stdin\x00")),
		"extended": append(append(wire.Append(nil, 'P', []byte("\x00copy t from stdin\x00\x00\x00")), wire.Append(nil, 'B', none)...), wire.Append(nil, 'E', none)...),
	} {
		m := machine(false)
		m.client(t, request)
		m.ClientGone()
		m.look(t)
		answer := wire.Append(nil, 'G', none)
		if name == "extended" {
			answer = append(append(wire.Append(nil, '1'), wire.Append(nil, '2')...), answer...)
		}
		m.server(t, answer)
		if out := m.Output(); out.Turn != protocol.Server || !bytes.HasPrefix(out.ToServer, []byte("f")) {
			t.Errorf("%s: the COPY is not ended: %q, fate %v: %s", name, out.ToServer, out.Backend, out.Why)
			continue
		}
		m.server(t, wire.AppendReady(wire.Append(nil, 'E', []byte("SERROR\x00\x00")), 'I'))
		if m.Output().Turn == protocol.Server { // it was asked what became of the first Sync
			m.server(t, wire.Append(wire.AppendReady(nil, 'I'), '3'))
		}
		if out := m.Output(); out.Backend != protocol.GiveBack {
			t.Errorf("%s: the backend does not go back: %+v", name, out)
		}
	}
}
