package protocol_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/transcript"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// conversation is one that was recorded on both sides of the gateway, with PostgreSQL behind it: see TestRecord in
// package gateway. In its file "-" marks a message that was kept from the other end, "+" one that the gateway made up.
type conversation struct {
	name      string
	pieces    []piece
	serverGot []byte // all that the server was told
	clientGot []byte
}

// piece is what one side says before the other does.
type piece struct {
	client   bool
	from, to int // in all that this side says
}

// sides are the streams of a conversation, as they were said.
type sides struct{ client, server []byte }

// conversations reads what was recorded.
func conversations(t testing.TB) (all []conversation, said []sides) {
	files, err := filepath.Glob("testdata/recorded/*.txt")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d conversations, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, s, err := readConversation(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		c.name = strings.TrimSuffix(filepath.Base(file), ".txt")
		all, said = append(all, c), append(said, s)
	}
	return all, said
}

func readConversation(text string) (c conversation, s sides, err error) {
	var side *transcript.Side
	var says, told *[]byte
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch line {
		case "client":
			side, says, told = transcript.Client, &s.client, &c.serverGot
			c.pieces = append(c.pieces, piece{true, len(s.client), len(s.client)})
			continue
		case "server":
			side, says, told = transcript.Server, &s.server, &c.clientGot
			c.pieces = append(c.pieces, piece{false, len(s.server), len(s.server)})
			continue
		}
		if line[0] == '#' {
			continue
		}
		messages, err := side.Read(line[2:])
		if err != nil {
			return c, s, err
		}
		for _, m := range messages {
			if line[0] != '+' {
				*says = append(*says, m...)
				c.pieces[len(c.pieces)-1].to = len(*says)
			}
			if line[0] != '-' {
				*told = append(*told, m...)
			}
		}
	}
	return c, s, nil
}

// cuts are where each side's stream arrives in two reads: positions, in order.
type cuts struct{ client, server []int }

// outcome is what came of a conversation.
type outcome struct {
	toServer, toClient []byte
	fates              []fate
	ended              bool
	state              string
	params             *params.Set
}

// fate is what became of a backend, and at which point of what both sides were told.
type fate struct {
	what               protocol.Fate
	why                string
	toServer, toClient int
}

// run plays a conversation to a machine, cut.
type run struct {
	protocol.Machine
	backend protocol.Backend
	leased  bool
	turn    protocol.Turn
	c       *conversation
	said    sides
	cuts    cuts
	at      int // the piece that is under way
	client  int // how much the client has said
	server  int
	unread  []byte // of the client's
	answer  []byte // of the server's
	outcome
}

var interner params.Interner

func hold(c *conversation, s sides, cut cuts) (outcome, error) {
	set := interner.Intern(protocol.Reported())
	r := &run{c: c, said: s, cuts: cut, backend: protocol.NewBackend(set), Machine: protocol.New(protocol.Options{
		MaxMessage: 1 << 20, Idle: protocol.Never, InTransaction: protocol.Never, Interner: &interner}, set)}
	for !r.ended && (r.client < len(s.client) || r.server < len(s.server)) || r.ended && r.turn == protocol.Server {
		if err := r.step(); err != nil {
			return r.outcome, fmt.Errorf("%w, after %d bytes of the client and %d of the server", err, r.client, r.server)
		}
	}
	r.state, r.params = r.State()+" "+r.Owed(), r.Params()
	return r.outcome, nil
}

// step has one side say what it says in one read. The client speaks where the machine reads it, up to where it waited
// for the server when it was recorded; the server, no more than the machine waits for while the client has more to say.
func (r *run) step() error {
	for r.at < len(r.c.pieces) && r.done(r.c.pieces[r.at]) {
		r.at++
	}
	speaks := !r.ended && r.c.pieces[min(r.at, len(r.c.pieces)-1)].client && r.client < len(r.said.client)
	switch {
	case r.turn == protocol.Server || r.turn == protocol.Both && !speaks:
		return r.hear(!speaks && len(r.unread) == 0)
	case !speaks:
		return fmt.Errorf("the machine reads the client, and the server speaks")
	}
	r.speak()
	return nil
}

func (r *run) done(p piece) bool {
	if p.client {
		return r.client >= p.to
	}
	return r.server >= p.to
}

// next is the end of the read that begins at from, before which something ends.
func next(cut []int, from, end int) int {
	for _, at := range cut {
		if at > from {
			return min(at, end)
		}
	}
	return end
}

func (r *run) speak() {
	end := next(r.cuts.client, r.client, r.c.pieces[r.at].to)
	end = min(end, r.client+wire.BufferSize-len(r.unread))
	r.unread = append(r.unread, r.said.client[r.client:end]...)
	r.client = end
	r.tell()
}

// tell tells the machine what the client has said, and what is left over of it again.
func (r *run) tell() {
	for {
		both := r.turn == protocol.Both
		used := r.FromClient(r.unread)
		r.unread = slices.Clone(r.unread[used:])
		r.perform(both)
		if used == 0 || len(r.unread) == 0 || r.turn == protocol.Server || r.ended {
			return
		}
	}
}

func (r *run) hear(all bool) error {
	if r.server == len(r.said.server) {
		return fmt.Errorf("the machine waits for a server that says no more")
	}
	end := len(r.said.server)
	for _, p := range r.c.pieces {
		if !p.client && r.server < p.to {
			end = p.to
			break
		}
	}
	if !all { // one message, or the rest of one
		m, _, _ := wire.Frame(append(bytes.Clone(r.answer), r.said.server[r.server:]...), 1<<30)
		if whole := r.server - len(r.answer) + len(m.Raw); r.middle() {
			end = min(end, r.server+1)
		} else {
			end = min(end, whole)
		}
	}
	end = min(next(r.cuts.server, r.server, end), r.server+wire.BufferSize-len(r.answer))
	r.answer = append(r.answer, r.said.server[r.server:end]...)
	r.server = end
	both := r.turn == protocol.Both
	used := r.FromServer(r.answer)
	r.answer = slices.Clone(r.answer[used:])
	r.perform(both)
	if r.turn != protocol.Server && len(r.unread) > 0 && !r.ended {
		r.tell()
	}
	return nil
}

// middle says that the server is in the middle of a message that is passed on in parts.
func (r *run) middle() bool { return r.Passing() > 0 }

// perform does what the machine says, as package drive does.
func (r *run) perform(both bool) {
	for r.Output().Want == protocol.Lease {
		r.Leased(&r.backend)
		r.leased = true
	}
	out := r.Output()
	r.toServer = append(r.toServer, out.ToServer...)
	r.toClient = append(r.toClient, out.ToClient...)
	r.dispose()
	if out.Want == protocol.End {
		r.toClient = appendError(r.toClient, out.Err)
		r.ended, r.unread = true, nil
		r.ClientGone()
		r.perform(false)
		return
	}
	if r.turn = out.Turn; both && r.turn != protocol.Both {
		r.Resume()
		r.dispose()
		r.turn = r.Output().Turn
	}
}

func appendError(b []byte, e *wire.Error) []byte {
	if e == nil {
		return b
	}
	return e.AsFatal().Append(b)
}

func (r *run) dispose() {
	if out := r.Output(); out.Backend != protocol.Keep {
		r.fates = append(r.fates, fate{out.Backend, out.Why, len(unflushed(r.toServer)), len(r.toClient)})
		r.leased, r.answer = false, nil
	}
}
