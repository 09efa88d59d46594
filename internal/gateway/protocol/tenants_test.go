package protocol_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/transcript"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// tenant is a client in transaction mode that shares backends with others.
type tenant struct {
	protocol.Machine
	on     *site
	says   []byte // still to be read
	unread []byte
	turn   protocol.Turn
	both   bool
	over   bool // it has left
	ended  bool // by the gateway
	heard  []byte
}

// site is a backend with its server.
type site struct {
	protocol.Backend
	*model
	by      *tenant
	answers []byte // not read yet
	unread  []byte
}

// perform does what the machine says; where it wants a backend it gets a free one, if there is any.
func (c *tenant) perform(sites []*site) {
	c.dispose()
	if c.Output().Want == protocol.Lease {
		free := slices.IndexFunc(sites, func(s *site) bool { return s.by == nil })
		if free < 0 {
			return
		}
		c.on = sites[free]
		c.on.by, c.on.unread, c.on.answers = c, nil, nil
		c.Leased(&c.on.Backend)
	}
	out := c.Output()
	if len(out.ToServer) > 0 {
		c.on.answers = append(c.on.answers, c.on.hear(out.ToServer)...)
	}
	c.heard = append(c.heard, out.ToClient...)
	c.over = out.Want == protocol.End
	c.ended = c.over
	if c.turn = out.Turn; c.both && c.turn != protocol.Both && !c.over {
		c.Resume()
		c.dispose()
		c.turn = c.Output().Turn
	}
	c.both = c.turn == protocol.Both
}

// dispose does what becomes of the backend. One that is closed, or must be reset, is as new.
func (c *tenant) dispose() {
	out := c.Output()
	if out.Backend == protocol.Keep || c.on == nil {
		return
	}
	if s := c.on; out.Backend == protocol.Discard || out.Tainted {
		s.Backend, s.model = protocol.NewBackend(c.Params()), newModel(c.Params().Value("TimeZone"))
		s.answers = nil
	}
	c.on.by, c.on = nil, nil
}

// waits says that the tenant has said all, and heard all that there is.
func (c *tenant) waits() bool {
	return c.over || len(c.says) == 0 && c.turn != protocol.Server && (c.on == nil || len(c.on.answers) == 0) && c.Output().Want == protocol.Nothing
}

// lose has the tenant's server vanish.
func (c *tenant) lose(sites []*site) {
	c.ServerLost("it vanished")
	c.perform(sites)
}

// leave has the tenant disconnect, and its backend left clean: the next finds nothing of it.
func (c *tenant) leave(t *rapid.T) {
	s := c.on
	for c.ClientGone(); c.on != nil; {
		out := c.Output()
		s.answers = append(s.answers, s.hear(out.ToServer)...)
		if out.Backend == protocol.Keep {
			s.unread = append(s.unread, s.answers...)
			s.answers = nil
			s.unread = slices.Clone(s.unread[c.FromServer(s.unread):])
			continue
		}
		if c.dispose(); s.tx != 'I' || s.copying != 0 || s.skips || len(s.answers) > 0 {
			t.Fatalf("a backend goes back in the middle: %+v", s.model)
		}
	}
	c.over = true
}

// step has one thing happen to the tenant: n bytes are read of it, or of its server.
func (c *tenant) step(sites []*site, n int) (moved bool) {
	switch {
	case c.over:
		return false
	case c.Output().Want == protocol.Lease:
		c.perform(sites)
		moved = c.on != nil
	case c.turn != protocol.Client && len(c.on.answers) > 0:
		n = min(n, len(c.on.answers))
		c.on.unread = append(c.on.unread, c.on.answers[:n]...)
		c.on.answers = c.on.answers[n:]
		s := c.on
		s.unread = slices.Clone(s.unread[c.FromServer(s.unread):])
		c.perform(sites)
		moved = true
	case c.turn != protocol.Server && len(c.says) > 0:
		n = min(n, len(c.says), wire.BufferSize-len(c.unread))
		c.unread = append(c.unread, c.says[:n]...)
		c.says = c.says[n:]
		moved = true
	}
	for c.turn != protocol.Server && len(c.unread) > 0 && c.Output().Want == protocol.Nothing && !c.over {
		used := c.FromClient(c.unread)
		c.unread = slices.Clone(c.unread[used:])
		if c.perform(sites); used == 0 {
			break
		}
	}
	return moved
}

// words are what is compared of an answer: a gateway words some errors its own way, and tells of parameters as they
// come.
func words(b []byte) (all []string) {
	for _, text := range strings.Split(transcript.Server.Stream().Write(b), "; ") {
		if w := strings.Fields(text); len(w) > 1 && w[0] == "ErrorResponse" {
			text = w[0] + " " + w[1]
		} else if len(w) > 0 && w[0] == "ParameterStatus" {
			continue
		}
		all = append(all, text)
	}
	return all
}

// phrases are what tenants say. A COPY has its end with it: another request in the middle of it ends the connection.
var phrases = func() (all []phrase) {
	for _, text := range []string{
		`Query "select 1"`, `Query "select 2"`, `Query "begin"`, `Query "begin"`, `Query "commit"`, `Query "rollback"`, `Query "nonsense"`, `Query "select 1/0"`,
		`Query "show timezone"`, `Query "set timezone to 'Asia/Tokyo'"`, `Query "set timezone to 'Europe/Rome'"`, `Query ""`, `Query "copy out"`,
		`Parse "" "select 3"`, `Parse "" "nonsense"`, `Parse "" "begin"`, `Parse "" "rollback"`, `Parse "" "show timezone"`, `Query "select {x*20000}"`,
		`Parse "" "select {x*20000}"; Sync; Bind; Execute; Sync; Close S`, // one that long is kept until it is bound
		`Bind`, `Bind`, `Bind`, `Execute`, `Execute`, `Sync`, `Sync`, `Sync`, `Flush`, `Describe S`, `Describe P`, `Close S`, `Close P`, `CopyData "1"`, `CopyDone`,
		`Parse "" "select 4"; Bind; Execute; Sync`, `Parse "" "select 1/0"; Bind; Execute; Sync`, `Parse "" "select 5"; Describe S; Sync`, `Bind; Execute; Sync`,
		`Query "copy in"; CopyData "1"; CopyDone`, `Query "copy in"; CopyData "bad data"; CopyDone`, `Query "copy in"; CopyFail "no"`,
		`Parse "" "copy in"; Bind; Execute; CopyData "1"; CopyDone; Sync`, `Parse "" "copy in"; Bind; Execute; Sync; CopyData "1"; CopyDone; Sync`,
		`Parse "" "copy in"; Bind; Execute; CopyData "bad data"; Sync; CopyDone; Sync`, `Query "copy in"; Sync; CopyData "1"; Sync; CopyDone; Sync`,
		`Query "copy in"; CopyData "bad data"; Sync; Flush; Sync; CopyDone`, `Parse "" "copy in"; Bind; Execute; Flush; CopyData "1"; Sync; CopyFail "no"; Sync`,
	} {
		messages, err := transcript.Client.Read(text)
		if err != nil {
			panic(err)
		}
		all = append(all, phrase{text, slices.Concat(messages...)})
	}
	return all
}()

type phrase struct {
	text  string
	bytes []byte
}

// GoString is how rapid shows it.
func (p phrase) GoString() string { return p.text }

// ended makes sure that all is answered, whatever was said before.
const ended = `CopyFail "no"; Sync; Query ""; Query "rollback"; Query "show timezone"`

func TestTenantsThatShareBackendsHearWhatEachWouldHearOfAServerOfItsOwn(t *testing.T) {
	last, err := transcript.Client.Read(ended)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := &stage{}
		var tenants []*tenant
		var want [][]string
		var broken []bool // the gateway ends those who break the protocol
		for i, zone := range []string{"UTC", "Asia/Tokyo", "Europe/Rome"}[:rapid.IntRange(1, 3).Draw(t, "tenants")] {
			set := s.reported([]string{"TimeZone=" + zone})
			var says []byte
			for _, p := range rapid.SliceOfN(rapid.SampledFrom(phrases), 1, 8).Draw(t, fmt.Sprintf("tenant %d", i)) {
				says = append(says, p.bytes...)
			}
			says = append(says, slices.Concat(last...)...)
			own := newModel(zone)
			want = append(want, words(own.hear(says)))
			broken = append(broken, own.broken)
			tenants = append(tenants, &tenant{says: says, Machine: protocol.New(protocol.Options{
				MaxMessage: 1 << 20, Attempts: 1, Idle: protocol.Never, InTransaction: protocol.Never, Interner: &s.interner}, set)})
		}
		var sites []*site
		for range rapid.IntRange(1, 2).Draw(t, "backends") {
			sites = append(sites, &site{Backend: protocol.NewBackend(s.reported([]string{"TimeZone=UTC"})), model: newModel("UTC")})
		}
		lossy := rapid.Bool().Draw(t, "servers are lost")
		for still := 0; slices.ContainsFunc(tenants, func(c *tenant) bool { return !c.waits() }); {
			i := rapid.IntRange(0, len(tenants)-1).Draw(t, "next")
			n := rapid.SampledFrom([]int{1, 3, 7, 20, 100, 16384}).Draw(t, "bytes")
			if c := tenants[i]; lossy && !c.over && c.on != nil && len(c.says) > 0 && rapid.IntRange(0, 20).Draw(t, "lost") == 0 {
				c.lose(sites)
			}
			moved := tenants[i].step(sites, n)
			for k := 0; k < len(tenants) && !moved; k++ {
				moved = tenants[k].step(sites, n)
			}
			for _, c := range tenants {
				if !moved && c.on != nil && c.waits() {
					c.leave(t)
					moved = true
				}
			}
			if still++; moved {
				still = 0
			}
			if still > 3 {
				for i, c := range tenants {
					t.Logf("%d: %q to say, %q left over, turn %v, owed %s, %s", i, c.says, c.unread, c.turn, c.Owed(), c.State())
				}
				t.Fatal("nothing moves")
			}
		}
		for i, c := range tenants {
			got := words(c.heard)
			if lossy { // whatever was lost, the session goes on, and what is asked last is answered last
				if last := strings.Join(got, "; "); !c.ended && !broken[i] && !strings.HasSuffix(last, `CommandComplete "SHOW"; ReadyForQuery I`) {
					t.Errorf("tenant %d hears last\n%s", i, last)
				}
				continue
			}
			if broken[i] {
				n := min(len(got), len(want[i])-1)
				got, want[i] = got[:n], want[i][:n]
			}
			if !slices.Equal(got, want[i]) {
				t.Errorf("tenant %d hears\n%s\nand not\n%s", i, strings.Join(got, "; "), strings.Join(want[i], "; "))
			}
		}
	})
}
