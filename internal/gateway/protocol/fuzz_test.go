package protocol_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// FuzzMachine tells a machine arbitrary things: pairs of a letter, upper bit for the server's side, and a choice of body.
func FuzzMachine(f *testing.F) {
	f.Add([]byte("Q\x00\xd4\x00\xc3\x00\xda\x00"), false)
	f.Add([]byte("P\x01B\x01E\x00S\x00\xb1\x00\xc5\x00\xda\x00"), false)
	f.Add([]byte("Q\x00\xc7\x00d\x00c\x00\xc3\x00\xda\x00"), true)
	f.Add([]byte("P\x00B\x00E\x00S\x00\xc7\x00d\x00c\x00S\x00\xda\x00"), true)
	bodies := [][]byte{[]byte("I"), []byte("\x00select 1\x00\x00\x00"), []byte("named\x00select 1\x00\x00\x00"), []byte("T"), []byte("E"), []byte("\x00\x00\x00\x00\x00\x00\x00\x00"),
		[]byte("listen x\x00"), []byte("reset all\x00"), []byte("S\x00"), nil, []byte("COPY 1\x00"), []byte("\x00named\x00"), bytes.Repeat([]byte("\x00x"), 20000)}
	f.Fuzz(func(t *testing.T, told []byte, session bool) {
		m := machine(session)
		for len(told) >= 2 && !m.over {
			typ, body := told[0], bodies[int(told[1]&0x7f)%len(bodies)]
			long := told[1]&0x80 != 0
			told = told[2:]
			switch {
			case typ == 0 && m.leased:
				m.ServerLost("killed")
				m.look(t)
			case typ == 0:
				m.refused = true
			case typ&0x80 != 0 && m.leased:
				message := wire.Append(nil, typ&0x7f, body)
				if long {
					binary.BigEndian.PutUint32(message[1:], uint32(len(body)+4+100000))
				}
				m.server(t, message)
			case typ&0x80 == 0:
				message := wire.Append(nil, typ, body)
				if long { // the beginning of it: what comes next is the rest
					binary.BigEndian.PutUint32(message[1:], uint32(len(body)+4+100000))
				}
				m.client(t, message)
			}
			if m.Kept() > 6*16384 { // those on their way, the last, and the one before
				t.Fatalf("%d bytes are kept", m.Kept())
			}
		}
		m.ClientGone()
		m.over = true
		if m.look(t); len(m.Output().ToClient) > 0 {
			t.Fatal("a client that has gone is told something")
		}
	})
}

// FuzzTake cuts a stream anywhere: what goes to the server is the same.
func FuzzTake(f *testing.F) {
	f.Add([]byte("Q\x00\x00\x00\x0dselect 1\x00S\x00\x00\x00\x04"), []byte{0, 3, 2})
	f.Add(append([]byte("P\x00\x00\x9c\x45\x00"), bytes.Repeat([]byte("x"), 40000)...), []byte{4, 200})
	f.Add([]byte("d\x00\x00\x00\x04X\x00\x00\x00\x04"), []byte{})
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		whole, refused := take(t, stream, nil)
		pieces, refused2 := take(t, stream, cuts)
		if refused != refused2 || !bytes.Equal(whole, pieces) {
			t.Fatalf("%d bytes whole (refused: %v), %d in pieces (%v)", len(whole), refused, len(pieces), refused2)
		}
	})
}

// take tells a machine a stream in pieces, and returns what would go to a server that never answers, and whether the
// bytes were refused.
func take(t *testing.T, stream, cuts []byte) (out []byte, refused bool) {
	m := machine(true)
	m.Converse() // what is due does not stop it
	var in [wire.BufferSize]byte
	w := 0
	for len(stream) > 0 {
		n := len(stream)
		if len(cuts) > 0 {
			n, cuts = min(n, int(cuts[0])+1), cuts[1:]
		}
		n = copy(in[w:], stream[:n])
		stream = stream[n:]
		w += n
		r := 0
		for {
			used := m.FromClient(in[r:w])
			m.lease()
			o := m.Output()
			out = append(out, o.ToServer...)
			r += used
			if o.Want == protocol.End {
				return out, o.Err != nil
			}
			if used == 0 || r == w {
				break
			}
			m.Converse()
		}
		w = copy(in[:], in[r:w])
		if n == 0 && w == wire.BufferSize {
			t.Fatal("a full buffer is not used")
		}
		m.Converse()
	}
	return out, false
}

// FuzzLook: what is quoted never pins, and everything comes to an end.
func FuzzLook(f *testing.F) {
	for _, s := range []string{"select 'it''s'", `select e'\''`, "/* /* */ */ listen x", "$a$ $$ $a$", "set x to default", "-- x\n;", "declare c cursor with", "'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		protocol.OnlyReads(s)
		protocol.Pins(s)
		for _, word := range protocol.Words([]byte(s)) {
			if word == "" || !strings.Contains(s, word) {
				t.Fatalf("%q in %q", word, s)
			}
		}
		quoted := "select '" + strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), "'", "''") + "'"
		if why := protocol.Pins(quoted); why != "" {
			t.Fatalf("%s pins for %s", quoted, why)
		}
		if words := protocol.Words([]byte(quoted)); !slices.Equal(words, []string{"select"}) {
			t.Fatalf("%s: %q", quoted, words)
		}
	})
}
