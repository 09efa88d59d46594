package protocol_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/transcript"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

var update = flag.Bool("update", false, "write what the machine says into the stories: read it before you commit")

// TestEachStoryIsToldAsTheMachineActs plays testdata/*.story. In a story a line that begins with # is prose; one that
// begins with a name is an event, which a person has written:
//
//	client NAME [session] [idle=30s] [in-transaction=30s] [attempts=1] [PARAMETER=VALUE ...]
//	backend NAME [PARAMETER=VALUE ...]
//	CLIENT leases BACKEND          CLIENT is refused ErrorResponse ...      CLIENT goes
//	CLIENT: messages               CLIENT: rest                             CLIENT: messages, first 100 bytes
//	BACKEND: messages              and so on
//	BACKEND is lost WHY            BACKEND is late                          BACKEND says nothing
//	10s pass
//
// Lines that are set in are what the machine makes of the event before them, as go test -run Story -update writes it.
func TestEachStoryIsToldAsTheMachineActs(t *testing.T) {
	files, err := filepath.Glob("testdata/*.story")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d stories, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".story"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, got2 := strings.Split(string(text), "\n"), strings.Split(got, "\n")
			for i := range min(len(want), len(got2)) {
				if want[i] != got2[i] {
					t.Fatalf("%s:%d is\n%s\nand the story says\n%s", file, i+1, got2[i], want[i])
				}
			}
			if len(want) != len(got2) {
				t.Fatalf("%s has %d lines, not %d", file, len(want), len(got2))
			}
		})
	}
}

// play returns a story as the machine acts.
func play(t *testing.T, text string) string {
	s := newStage(t)
	var told strings.Builder
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, " ") {
			continue
		}
		told.WriteString(line + "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		s.said = nil
		s.event(line)
		for _, said := range s.said {
			told.WriteString(wrap(said))
		}
	}
	return told.String()
}

const indent = "    "

// wrap returns a line of output, in parts where it is too long.
func wrap(line string) string {
	var b strings.Builder
	in := indent
	for len(in)+len(line) > 120 {
		at := strings.LastIndex(line[:120-len(in)], " ")
		if at <= 0 {
			break
		}
		b.WriteString(in + line[:at] + "\n")
		line, in = line[at+1:], indent+indent
	}
	return b.String() + in + line + "\n"
}

var (
	speech  = regexp.MustCompile(`^(\w+): (.*?)(?:, first (\d+) bytes)?$`)
	leases  = regexp.MustCompile(`^(\w+) leases (\w+)$`)
	refused = regexp.MustCompile(`^(\w+) is refused (.*)$`)
	lost    = regexp.MustCompile(`^(\w+) is lost: (.*)$`)
	passes  = regexp.MustCompile(`^(\w+) pass$`)
)

// event plays one line of a story.
func (s *stage) event(line string) {
	words := strings.Fields(line)
	switch f := speech.FindStringSubmatch(line); {
	case words[0] == "client":
		s.enter(words[1], words[2:])
	case words[0] == "backend":
		s.addBackend(words[1], words[2:])
	case f != nil && s.clients[f[1]] != nil:
		c := s.clients[f[1]]
		s.told(c, s.part(&c.rest, transcript.Client, f[2], f[3]))
	case f != nil && s.backends[f[1]] != nil:
		b := s.backends[f[1]]
		s.heard(b, s.part(&b.rest, transcript.Server, f[2], f[3]))
	default:
		s.happens(line)
	}
}

// happens plays an event that is no speech.
func (s *stage) happens(line string) {
	if f := leases.FindStringSubmatch(line); f != nil && s.clients[f[1]] != nil && s.backends[f[2]] != nil {
		s.lease(s.clients[f[1]], s.backends[f[2]])
		return
	}
	if f := refused.FindStringSubmatch(line); f != nil && s.clients[f[1]] != nil {
		c := s.clients[f[1]]
		c.Refused(s.error(f[2]))
		s.perform(c)
		s.goOn(c)
		return
	}
	if f := lost.FindStringSubmatch(line); f != nil && s.backends[f[1]] != nil {
		c := s.backends[f[1]].by
		c.ServerLost(f[2])
		s.perform(c)
		s.goOn(c)
		return
	}
	if f := passes.FindStringSubmatch(line); f != nil {
		s.passes(f[1])
		return
	}
	switch name, what, _ := strings.Cut(line, " "); {
	case what == "goes" && s.clients[name] != nil:
		c := s.clients[name]
		c.silent, c.unread = true, nil
		c.ClientGone()
		s.perform(c)
	case what == "says nothing" && s.backends[name] != nil:
		s.backends[name].by.Unanswered()
		s.perform(s.backends[name].by)
	case what == "is late" && s.backends[name] != nil:
		s.backends[name].by.Late()
		s.state(s.backends[name].by)
	default:
		s.Fatalf("what is this: %s", line)
	}
}

// enter adds a client.
func (s *stage) enter(name string, words []string) {
	o := protocol.Options{MaxMessage: 1 << 20, Idle: protocol.Never, InTransaction: protocol.Never}
	var given []string
	for _, w := range words {
		switch key, value, _ := strings.Cut(w, "="); key {
		case "session":
			o.Session = true
		case "idle":
			o.Idle = s.duration(value)
		case "in-transaction":
			o.InTransaction = s.duration(value)
		case "attempts":
			o.Attempts = s.number(value)
		default:
			given = append(given, w)
		}
	}
	s.addClient(name, o, given)
}

// part returns what is said now, and leaves the rest for later.
func (s *stage) part(rest *[]byte, side *transcript.Side, text, first string) (now []byte) {
	if text != "rest" {
		messages, err := side.Read(text)
		if err != nil {
			s.Fatal(err)
		}
		for _, m := range messages {
			*rest = append(*rest, m...)
		}
	}
	n := len(*rest)
	if first != "" {
		n = s.number(first)
	}
	now, *rest = (*rest)[:n], (*rest)[n:]
	return now
}

// passes moves the clock on, and ends clients that have said nothing for too long.
func (s *stage) passes(d string) {
	s.clock += s.duration(d)
	for name, c := range s.clients {
		if e := c.TimedOut(s.clock); e != nil && c.turn != protocol.Server {
			s.line("wanted: the end of %s%s", name, because(e))
		}
	}
}

// error is an ErrorResponse as the gateway's own.
func (s *stage) error(text string) *wire.Error {
	messages, err := transcript.Server.Read(text)
	if err != nil || len(messages) != 1 {
		s.Fatal(text, err)
	}
	body := messages[0][wire.HeaderLen:]
	e := &wire.Error{Message: wire.ErrorText(body), Fatal: wire.EndsSession(body)}
	for _, code := range []string{"57014", "53300", "57P03"} {
		if wire.HasCode(body, code) {
			e.Code = code
		}
	}
	return e
}

func (s *stage) duration(text string) protocol.Tick {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.Fatal(err)
	}
	return protocol.Tick(d)
}

func (s *stage) number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		s.Fatal(err)
	}
	return n
}
