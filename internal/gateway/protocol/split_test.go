package protocol_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/transcript"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// differs says what another outcome has that this has not. Two requests may come together or apart: then the backend
// may go back between them, and a Flush that the second begins with is left out, since there is nothing to flush.
func (o *outcome) differs(other *outcome) string {
	switch {
	case !bytes.Equal(unflushed(o.toServer), unflushed(other.toServer)):
		return fmt.Sprintf("to the server:\n%s\nand not\n%s", transcript.Client.Stream().Write(other.toServer), transcript.Client.Stream().Write(o.toServer))
	case !bytes.Equal(o.toClient, other.toClient):
		return fmt.Sprintf("to the client:\n%s\nand not\n%s", transcript.Server.Stream().Write(other.toClient), transcript.Server.Stream().Write(o.toClient))
	case o.ended != other.ended || o.state != other.state || o.params != other.params:
		return fmt.Sprintf("in the end: %q, and not %q", other.state, o.state)
	}
	for _, f := range o.fates {
		if !slices.Contains(other.fates, f) {
			return fmt.Sprintf("of backends %v, and not %v", other.fates, o.fates)
		}
	}
	for _, f := range other.fates {
		if !slices.Contains(o.fates, f) && (f.what != protocol.GiveBack || !bytes.HasSuffix(o.toClient[:f.toClient], wire.AppendReady(nil, 'I'))) {
			return fmt.Sprintf("a backend goes back in the middle of an answer: %v", f)
		}
	}
	return ""
}

// unflushed are messages but for each Flush.
func unflushed(b []byte) (rest []byte) {
	for len(b) > 0 {
		m, ok, _ := wire.Frame(b, 1<<30)
		if !ok {
			return append(rest, b...)
		}
		if m.Type != wire.Flush {
			rest = append(rest, m.Raw...)
		}
		b = b[len(m.Raw):]
	}
	return rest
}

// probes is how often the server was asked what the Syncs in a COPY are worth. It depends on when they come, and what
// the server would have answered was not recorded.
func (o *outcome) probes() int { return bytes.Count(o.toServer, []byte("Punoactor\x00")) }

// positions are where a stream is cut once: everywhere, but in the middle of long messages only here and there.
func positions(stream []byte) (all []int) {
	boundary, size := 0, 0
	for at := 1; at < len(stream); at++ {
		for boundary+size <= at {
			m, _, _ := wire.Frame(stream[boundary+size:], 1<<30)
			boundary, size = boundary+size, len(m.Raw)
			if size == 0 {
				break
			}
		}
		near := at%wire.BufferSize < 3 || at%wire.BufferSize > wire.BufferSize-3 || at-boundary < 300 || boundary+size-at < 10
		if near || at%997 == 0 {
			all = append(all, at)
		}
	}
	return all
}

func TestAConversationIsTheSameHoweverItsBytesArrive(t *testing.T) {
	all, said := conversations(t)
	for i := range all {
		c, s := &all[i], said[i]
		t.Run(c.name, func(t *testing.T) {
			whole, err := hold(c, s, cuts{})
			if err != nil {
				t.Fatal(err)
			}
			recorded := outcome{c.serverGot, c.clientGot, whole.fates, whole.ended, whole.state, whole.params}
			if d := recorded.differs(&whole); d != "" {
				t.Fatalf("not as it was recorded: %s", d)
			}
			try := func(what string, cut cuts) {
				t.Helper()
				if d := splits(&whole, c, s, cut); d != "" {
					t.Fatalf("%s: %s", what, d)
				}
			}
			for _, at := range positions(s.client) {
				try(fmt.Sprintf("the client's stream is cut at %d", at), cuts{client: []int{at}})
			}
			for _, at := range positions(s.server) {
				try(fmt.Sprintf("the server's stream is cut at %d", at), cuts{server: []int{at}})
			}
			each := func(n int) (all []int) {
				for at := 1; at < n; at++ {
					all = append(all, at)
				}
				return all
			}
			if len(s.client)+len(s.server) < 20000 {
				try("the client's stream comes byte by byte", cuts{client: each(len(s.client))})
				try("the server's stream comes byte by byte", cuts{server: each(len(s.server))})
				try("both come byte by byte", cuts{each(len(s.client)), each(len(s.server))})
			}
		})
	}
}

func TestAConversationIsTheSameIfItIsCutAtRandom(t *testing.T) {
	all, said := conversations(t)
	rapid.Check(t, func(rt *rapid.T) {
		i := rapid.IntRange(0, len(all)-1).Draw(rt, "conversation")
		draw := func(stream []byte, label string) []int {
			at := rapid.SliceOf(rapid.IntRange(1, max(len(stream), 1))).Draw(rt, label)
			slices.Sort(at)
			return at
		}
		whole, err := hold(&all[i], said[i], cuts{})
		if err != nil {
			rt.Fatal(err)
		}
		if d := splits(&whole, &all[i], said[i], cuts{draw(said[i].client, "client"), draw(said[i].server, "server")}); d != "" {
			rt.Fatalf("%s: %s", all[i].name, d)
		}
	})
}

// splits holds a conversation cut, and says what is not as it was.
func splits(whole *outcome, c *conversation, s sides, cut cuts) string {
	got, err := hold(c, s, cut)
	switch {
	case got.probes() != whole.probes():
		return ""
	case err != nil:
		return err.Error()
	}
	return whole.differs(&got)
}
