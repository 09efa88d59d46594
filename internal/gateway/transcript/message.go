package transcript

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// Side is who says a message: the same letter means one thing from a client and another from a server.
type Side struct{ forms []form }

// The sides.
var (
	Client = &Side{fromClient}
	Server = &Side{fromServer}
)

// form is how one type of message is written. A type without body has neither function.
type form struct {
	name  string
	typ   byte
	build func(words) []byte      // the body
	show  func(body *body) []word // what build makes the body of; anything where it can't say it
}

// Read returns the messages of a text, in which they are separated by semicolons.
func (s *Side) Read(text string) (messages [][]byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %v", text, p)
		}
	}()
	for _, ws := range split(text) {
		m, err := s.read(ws)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		messages = append(messages, m)
	}
	return messages, nil
}

func (s *Side) read(ws words) ([]byte, error) {
	for _, f := range s.forms {
		if f.name != ws[0].text {
			continue
		}
		switch ws = ws[1:]; {
		case ws.at(0) == "raw" && !ws[0].quoted:
			return wire.Append(nil, f.typ, []byte(ws.at(1))), nil
		case f.build != nil:
			return wire.Append(nil, f.typ, f.build(ws)), nil
		case len(ws) > 0:
			return nil, fmt.Errorf("%s says nothing", f.name)
		}
		return wire.Append(nil, f.typ), nil
	}
	return nil, fmt.Errorf("there is no message %s", ws[0].text)
}

// Name returns what a type of message is called.
func (s *Side) Name(typ byte) string {
	for _, f := range s.forms {
		if f.typ == typ {
			return f.name
		}
	}
	return fmt.Sprintf("Message%d", typ)
}

// Write returns the text of one whole message.
func (s *Side) Write(message []byte) string {
	for _, f := range s.forms {
		if f.typ != message[0] {
			continue
		}
		ws := words{{text: f.name}}
		if f.show != nil {
			ws = append(ws, f.show(&body{message[wire.HeaderLen:]})...)
		}
		text := ws.String()
		if again, err := s.Read(text); err == nil && len(again) == 1 && bytes.Equal(again[0], message) {
			return text
		}
	}
	return words{{text: s.Name(message[0])}, {text: "raw"}, {string(message[wire.HeaderLen:]), true}}.String()
}

// Stream writes a stream of messages as text, which may be cut anywhere.
type Stream struct {
	side  *Side
	name  string // of a message of which more is to come
	begun []byte // too little of a message to say what it is
	seen  int    // bytes of it
	size  int    // of all of it
}

// Stream returns a stream of what a side says.
func (s *Side) Stream() *Stream { return &Stream{side: s} }

// Write returns the text of the bytes that come next. Of a message that is not whole it says which bytes there are.
func (s *Stream) Write(b []byte) string {
	var all []string
	b = append(s.begun, b...)
	s.begun = nil
	for len(b) > 0 {
		if s.size == 0 {
			m, ok, _ := wire.Frame(b, 1<<30)
			if !ok {
				s.begun = b
				break
			}
			if m.Missing == 0 {
				all = append(all, s.side.Write(m.Raw))
				b = b[len(m.Raw):]
				continue
			}
			s.name, s.size, s.seen = s.side.Name(m.Type), len(m.Raw)+m.Missing, 0
		}
		n := min(s.size-s.seen, len(b))
		all = append(all, fmt.Sprintf("%s [bytes %d to %d of %d]", s.name, s.seen+1, s.seen+n, s.size))
		if s.seen, b = s.seen+n, b[n:]; s.seen == s.size {
			s.size = 0
		}
	}
	return strings.Join(all, "; ")
}

// body is what is left of a message's body. What is read past its end is empty.
type body struct{ rest []byte }

func (b *body) take(n int) []byte {
	n = max(min(n, len(b.rest)), 0)
	taken := b.rest[:n]
	b.rest = b.rest[n:]
	return taken
}

func (b *body) text() string {
	s, rest, ok := wire.CString(b.rest)
	if !ok {
		return string(b.take(len(b.rest)))
	}
	b.rest = rest
	return string(s)
}

func (b *body) int16() int {
	var n [2]byte
	copy(n[:], b.take(2))
	return int(binary.BigEndian.Uint16(n[:]))
}

func (b *body) int32() int {
	var n [4]byte
	copy(n[:], b.take(4))
	return int(int32(binary.BigEndian.Uint32(n[:])))
}

// values are a count and so many values, each with its length.
func (b *body) values() (all []word) {
	for n := b.int16(); n > 0; n-- {
		if size := b.int32(); size < 0 {
			all = append(all, word{text: "NULL"})
		} else {
			all = append(all, word{string(b.take(size)), true})
		}
	}
	return all
}
