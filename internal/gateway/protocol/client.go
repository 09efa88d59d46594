package protocol

import (
	"encoding/binary"

	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/prepared"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// verdict is what is to be done with a message.
type verdict uint8

const (
	forward verdict = iota
	drop            // say nothing of it to the other side
	prepend         // forward the Parse of the unnamed statement, then the message
	check           // forward the Parse and ask for its shape; the message waits
	refuse          // forward a message that fails instead
	ready           // answer with ReadyForQuerys instead
	end             // the client says goodbye
)

// FromClient tells what the client has sent, and returns how many bytes of it are used. The rest is to be told again,
// with what has come behind it, when the turn is the client's, or both sides'. A message that is not there whole is
// left over, unless it fills [wire.BufferSize]: then it is passed on in parts. Until the next call the bytes must
// stay as they are.
func (m *Machine) FromClient(in []byte) (used int) {
	m.out = Output{}
	m.between = m.caughtUp() && m.request.passing == 0
	m.replay = replay{}
	if m.backend == nil {
		m.replay.statements = m.statements
	}
	return m.fromClient(in)
}

func (m *Machine) fromClient(in []byte) (at int) {
	s := &m.request
	out := s.scratch[:0]
	m.held = 0
	if s.drops > 0 {
		at = min(s.drops, len(in))
		s.drops -= at
		m.silence.spoke = m.silence.spoke || s.drops == 0
	}
	began, from := at, at // what is forwarded as it is begins at from
	if s.passing > 0 {
		n := min(s.passing, len(in)-at)
		s.passing -= n
		at += n
		m.silence.spoke = m.silence.spoke || s.passing == 0
	}
	for at < len(in) && len(m.out.ToClient) == 0 {
		msg, ok, bad := wire.Frame(in[at:], m.options.MaxMessage)
		if ok && m.holds(msg.Type) {
			m.held = msg.Type
			break
		}
		if !bad && (!ok || msg.Missing > 0 && !m.passable(msg)) {
			break
		}
		var v verdict
		var f *wire.Error
		if bad {
			f = wire.BadLength(in[at:])
		} else {
			v, f = m.decide(msg)
		}
		if f != nil || v == end {
			if len(out) == 0 && from == at { // all before it is answered
				m.end(f)
				return at
			}
			break
		}
		switch v {
		case forward:
			s.passing = msg.Missing
		case prepend:
			out = append(append(out, in[from:at]...), m.statements.Parse...)
			from = at
			s.passing = msg.Missing
		case check:
			out = append(append(append(out, in[from:at]...), m.statements.Parse...), describeUnnamed...)
			from = at
			continue // it is held now
		case refuse, drop, ready:
			out = append(out, in[from:at]...)
			from = at + len(msg.Raw)
			switch v {
			case refuse:
				out = append(out, m.refusal(msg)...)
			case ready:
				m.out.ToClient = wire.AppendReady(nil, m.tx)
			}
			s.drops = msg.Missing
		}
		at += len(msg.Raw)
		m.silence.spoke = m.silence.spoke || msg.Missing == 0
	}
	if m.held != 0 && m.mustFlush() {
		out = append(append(out, in[from:at]...), flushMessage...)
		from = at
	}
	m.out.ToServer = s.join(out, in[from:at])
	if question := m.asks(); question != nil { // it could not be sent before the end of a long message
		m.out.ToServer = append(append([]byte(nil), m.out.ToServer...), question...)
	}
	switch {
	case m.backend == nil && len(m.out.ToServer) > 0:
		m.out.Want = Lease
	case m.backend != nil && m.between && len(m.out.ToServer) > 0:
		m.out.ToServer = m.adopt(m.out.ToServer)
	}
	m.replay.turn = in[began:at]
	m.out.Turn = m.turn()
	return at
}

var (
	flushMessage    = wire.Append(nil, wire.Flush)
	describeUnnamed = wire.Append(nil, wire.Describe, []byte{'S', 0})
)

// passable says whether a message may be forwarded before it is there whole: when it fills the buffer, so that as
// much of it as can be is looked at, and when nothing keeps the server from reading the rest.
func (m *Machine) passable(msg wire.Message) bool {
	if len(msg.Raw) < wire.BufferSize {
		return msg.Type == wire.CopyData && m.copyIn && len(msg.Raw)+msg.Missing > wire.BufferSize
	}
	return m.replies.n == 0 || m.both
}

// holds says whether a message of the client has to wait for answers of the server: for room, since too much is
// owed; for the last request, which puts parameters back, and what the client connected with is to be set before
// the next; or to learn what the message means.
func (m *Machine) holds(typ byte) bool {
	if m.skip || m.caughtUp() {
		return false
	}
	if m.full = m.replies.n >= maxOwed || m.full && m.replies.n > maxOwed/2; m.full {
		return true
	}
	switch {
	case m.probe != noProbe, m.checking, m.syncs > 0 && !m.copyIn:
		return true
	case !m.open && m.replies.n > 0 && m.resets.Any():
		return true
	}
	switch typ {
	case wire.CopyData, wire.CopyDone, wire.CopyFail:
		return !m.copyIn && m.replies.n > 0
	case wire.Bind, wire.Describe:
		return !m.options.Session && m.statements.Unconfirmed() && !m.statements.Stated
	}
	return false
}

// decide decides about a message of the client. Of a long one only the beginning need be there.
func (m *Machine) decide(msg wire.Message) (verdict, *wire.Error) {
	if m.skip && msg.Type != wire.Terminate {
		if msg.Type != wire.Sync {
			return drop, nil
		}
		m.skip = false
		return ready, nil
	}
	switch msg.Type {
	case wire.CopyData, wire.CopyDone, wire.CopyFail:
		return m.copyMessage(msg.Type), nil
	case wire.Terminate:
		return end, nil
	case wire.Flush:
		if m.caughtUp() || m.ignored {
			return drop, nil // there is nothing to flush, and nobody would answer
		}
		m.flushed = true
		return forward, nil
	case wire.Sync:
		if m.copyIn {
			m.syncs++
			return forward, nil
		}
		m.ignored = false
		m.owe(expect{request: wire.Sync})
		return forward, nil
	}
	if m.copyIn {
		return drop, wire.Violation("message type %q in the middle of a COPY", msg.Type)
	}
	switch msg.Type {
	case wire.Query, wire.Function, wire.Parse, wire.Bind, wire.Describe, wire.Close, wire.Execute:
		if m.ignored {
			return drop, nil // the server would skip it
		}
	}
	switch msg.Type {
	case wire.Query:
		m.inspect(msg.Body(), msg.Missing > 0)
		m.resets.Merge(m.found)
		e := expect{request: wire.Query}
		if s := &m.statements; s.Parse != nil || s.There || s.Unkept || s.Unconfirmed() {
			// A simple query destroys the unnamed statement, also one that an error is about to bring back.
			m.statements.Unnamed = prepared.Unnamed{}
			m.state(&e)
		}
		m.owe(e)
		return forward, nil
	case wire.Function:
		if body := msg.Body(); len(body) >= 4 {
			m.calls(binary.BigEndian.Uint32(body))
		}
		m.owe(expect{request: wire.Function})
		return forward, nil
	}
	return m.decideExtended(msg)
}

// owe notes a request that the server will answer with a ReadyForQuery.
func (m *Machine) owe(e expect) {
	m.replies.push(e)
	m.open, m.statements.Stated = false, false
	if !m.resets.Any() {
		m.resets = params.Resets{}
	}
}

// mustFlush says that the server may keep answers back which a message is held for, and notes that it is told not
// to.
func (m *Machine) mustFlush() bool {
	if !m.open || m.flushed || m.ignored {
		return false
	}
	m.flushed = true
	return true
}
