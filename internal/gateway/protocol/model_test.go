package protocol_test

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/unoactor/unoactor/internal/gateway/transcript"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// model is a server as small as can be that keeps to the protocol: of SQL it knows a handful of texts.
type model struct {
	tx         byte
	skips      bool // after an error, until a Sync
	broken     bool // there was another request in the middle of a COPY: its last word is said
	copying    byte // Q or E: by which request a COPY reads data; 0 if none does
	statements map[string]string
	portals    map[string]string
	zone       string // TimeZone
	before     string // the same when the transaction began
	reported   string
	unread     []byte
	kept       []byte // answers that it keeps back, until a Flush, an error, or the end of a request
	out        []byte
}

func newModel(zone string) *model {
	return &model{tx: 'I', statements: map[string]string{}, portals: map[string]string{}, zone: zone, before: zone, reported: zone}
}

// hear takes in what a client says, and returns what the server answers.
func (s *model) hear(b []byte) []byte {
	s.unread, s.out = append(s.unread, b...), nil
	for {
		m, ok, _ := wire.Frame(s.unread, 1<<30)
		if !ok || m.Missing > 0 {
			return s.out
		}
		s.message(m)
		s.unread = s.unread[len(m.Raw):]
	}
}

func (s *model) say(text string) {
	messages, err := transcript.Server.Read(text)
	if err != nil {
		panic(err)
	}
	for _, m := range messages {
		s.kept = append(s.kept, m...)
		switch m[0] {
		case wire.Ready, wire.ErrorResponse, wire.CopyIn:
			s.flush()
		}
	}
}

func (s *model) flush() { s.out, s.kept = append(s.out, s.kept...), nil }

func (s *model) message(m wire.Message) {
	if s.copying != 0 {
		if !s.broken {
			s.copyMessage(m)
		}
		return
	}
	if s.skips && m.Type != wire.Sync {
		return
	}
	name, rest, _ := wire.CString(m.Body())
	second, _, _ := wire.CString(rest)
	code := ""
	switch m.Type {
	case wire.Query:
		delete(s.statements, "")
		delete(s.portals, "")
		if s.run(string(name), wire.Query); s.copying == 0 {
			s.ready()
		}
		return
	case wire.Sync:
		s.skips = false
		s.ready()
		return
	case wire.Flush:
		s.flush()
	case wire.Parse:
		code = s.parse(string(name), string(second))
	case wire.Bind:
		if text, ok := s.statements[string(second)]; !ok {
			code = "26000"
		} else if code = s.allowed(text); code == "" {
			s.portals[string(name)] = text
			s.say("BindComplete")
		}
	case wire.Describe:
		code = s.describe(m.Body()[0], string(m.Body()[1:len(m.Body())-1]))
	case wire.Close:
		if of := string(m.Body()[1 : len(m.Body())-1]); m.Body()[0] == 'S' {
			delete(s.statements, of)
		} else {
			delete(s.portals, of)
		}
		s.say("CloseComplete")
	case wire.Execute:
		if text, ok := s.portals[string(name)]; !ok {
			code = "34000"
		} else {
			s.skips = !s.run(text, wire.Execute)
		}
	}
	if code != "" {
		s.fail(code)
		s.skips = true
	}
}

func (s *model) parse(name, text string) (code string) {
	if name == "" {
		delete(s.statements, "")
	}
	switch {
	case text == "nonsense" || strings.HasPrefix(text, "unoactor_"):
		if s.tx == 'E' && !strings.Contains(text, "nonsense") {
			return "25P02"
		}
		return "42601 \"" + text + "\""
	case s.allowed(text) != "":
		return s.allowed(text)
	}
	s.statements[name] = text
	s.say("ParseComplete")
	return ""
}

func (s *model) describe(kind byte, name string) (code string) {
	known, missing := s.statements, "26000 \""+name+"\""
	if kind == 'P' {
		known, missing = s.portals, "34000"
	}
	text, ok := known[name]
	if !ok {
		return missing
	}
	if code := s.allowed(text); code != "" {
		return code
	}
	if kind == 'S' {
		s.say("ParameterDescription")
	}
	if s.rows(text) {
		s.say("RowDescription a:text")
	} else {
		s.say("NoData")
	}
	return ""
}

func (s *model) rows(text string) bool {
	return strings.HasPrefix(text, "select") || strings.HasPrefix(text, "show")
}

func (s *model) allowed(text string) (code string) {
	if s.tx == 'E' && text != "commit" && text != "rollback" {
		return "25P02"
	}
	return ""
}

func (s *model) fail(code string) {
	s.say("ErrorResponse " + code)
	if s.tx == 'T' {
		s.tx = 'E'
	}
	if s.tx == 'I' {
		s.zone = s.before // of the implicit transaction
		s.portals = map[string]string{}
	}
}

func (s *model) ready() {
	if s.zone != s.reported {
		s.say(fmt.Sprintf("ParameterStatus TimeZone %q", s.zone))
		s.reported = s.zone
	}
	if s.tx == 'I' {
		s.before = s.zone
		s.portals = map[string]string{}
	}
	s.say("ReadyForQuery " + string(s.tx))
}

// run runs a text, by Query or Execute, and says whether it succeeds.
func (s *model) run(text string, by byte) bool {
	if code := s.allowed(text); code != "" {
		s.fail(code)
		return false
	}
	if by == wire.Query && s.rows(text) {
		s.say("RowDescription a:text")
	}
	var zone string
	switch {
	case text == "nonsense":
		s.fail("42601")
		return false
	case text == "select 1/0":
		s.fail("22012")
		return false
	case text == "":
		s.say("EmptyQueryResponse")
	case text == "begin":
		if s.tx == 'I' {
			s.tx = 'T'
		}
		s.say(`CommandComplete "BEGIN"`)
	case text == "commit" && s.tx != 'E':
		s.tx, s.before = 'I', s.zone
		s.say(`CommandComplete "COMMIT"`)
	case text == "commit" || text == "rollback":
		s.tx, s.zone = 'I', s.before
		s.say(`CommandComplete "ROLLBACK"`)
	case text == "copy in":
		s.copying = by
		s.say("CopyInResponse")
	case text == "copy out":
		s.say(`CopyOutResponse; CopyData "1\n"; CopyDone; CommandComplete "COPY 1"`)
	case text == "show timezone":
		s.say(fmt.Sprintf(`DataRow %q; CommandComplete "SHOW"`, s.zone))
	case sscan(text, "set timezone to '%s", &zone):
		s.zone = strings.TrimSuffix(zone, "'")
		s.say(`CommandComplete "SET"`)
	case sscan(text, "SELECT E'TimeZone',pg_catalog.set_config(E'TimeZone',E'%s", &zone):
		s.zone, _, _ = strings.Cut(zone, "'")
		s.say(`CommandComplete "SELECT 1"`)
	default:
		s.say(fmt.Sprintf(`DataRow %q; CommandComplete "SELECT 1"`, strings.TrimPrefix(text, "select ")))
	}
	return true
}

func sscan(text, format string, into *string) bool {
	n, _ := fmt.Sscanf(text, format, into)
	return n == 1
}

// copyMessage is what comes while a COPY reads data: it ignores every Sync and Flush.
func (s *model) copyMessage(m wire.Message) {
	by := s.copying
	switch {
	case m.Type == wire.CopyDone:
		s.say(`CommandComplete "COPY 1"`)
		s.copying = 0
	case m.Type == wire.CopyFail:
		s.copying = 0
		s.fail("57014")
		s.skips = by == wire.Execute
	case m.Type == wire.CopyData && binary.BigEndian.Uint32(m.Raw[1:]) > 6:
		s.copying = 0
		s.fail("22P02")
		s.skips = by == wire.Execute
	default:
		if m.Type != wire.CopyData && m.Type != wire.Sync && m.Type != wire.Flush {
			s.broken = true
			s.say("ErrorResponse FATAL 08P01")
		}
		return
	}
	if by == wire.Query {
		s.ready()
	}
}
