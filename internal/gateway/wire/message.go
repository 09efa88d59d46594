package wire

import "encoding/binary"

// The messages of a client that the gateway looks at (PostgreSQL documentation, "Message Formats"). The same
// letter means something else in the other direction.
const (
	Bind      = 'B'
	Close     = 'C'
	Describe  = 'D'
	Execute   = 'E'
	Function  = 'F'
	Flush     = 'H'
	Parse     = 'P'
	Query     = 'Q'
	Sync      = 'S'
	Terminate = 'X'
	Password  = 'p'
)

// The messages of both sides within a COPY.
const (
	CopyData = 'd'
	CopyDone = 'c'
	CopyFail = 'f'
)

// The messages of a server that the gateway looks at, or makes up.
const (
	Authentication  = 'R'
	BackendKey      = 'K'
	BindComplete    = '2'
	CloseComplete   = '3'
	CommandComplete = 'C'
	CopyIn          = 'G'
	EmptyQuery      = 'I'
	ErrorResponse   = 'E'
	Negotiate       = 'v'
	NoData          = 'n'
	Notice          = 'N'
	Notification    = 'A'
	Parameters      = 't' // ParameterDescription
	ParameterStatus = 'S'
	ParseComplete   = '1'
	PortalSuspended = 's'
	Ready           = 'Z'
	RowDescription  = 'T'
)

// HeaderLen is the length of a message's header in bytes: the type, and the length, which counts itself and what
// follows.
const HeaderLen = 5

// BufferSize is how many bytes one read takes at most. A message that is longer is passed on in parts.
const BufferSize = 16 << 10

// Message is one framed message in a buffer. Raw is its header and what there is of its body; Missing is how many
// bytes of the body have not arrived.
type Message struct {
	Type    byte
	Raw     []byte
	Missing int
}

// Body returns what there is of the message's body.
func (m Message) Body() []byte { return m.Raw[HeaderLen:] }

// Frame cuts the first message off buf. ok is false where more bytes are needed to say anything; bad says that the
// message's length is impossible, or above limit.
func Frame(buf []byte, limit int) (m Message, ok, bad bool) {
	if len(buf) < HeaderLen {
		return Message{}, false, false
	}
	length := int(int32(binary.BigEndian.Uint32(buf[1:])))
	if length < 4 || length > limit {
		return Message{}, false, true
	}
	whole := 1 + length
	if whole <= len(buf) {
		return Message{Type: buf[0], Raw: buf[:whole]}, true, false
	}
	return Message{Type: buf[0], Raw: buf, Missing: whole - len(buf)}, true, false
}

// CString cuts a NUL-terminated string off b; ok is false where b has no NUL.
func CString(b []byte) (s, rest []byte, ok bool) {
	for i, c := range b {
		if c == 0 {
			return b[:i], b[i+1:], true
		}
	}
	return nil, nil, false
}

// Append appends a message to buf; its body is the pieces, one after the other.
func Append(buf []byte, typ byte, body ...[]byte) []byte {
	n := 4
	for _, b := range body {
		n += len(b)
	}
	buf = append(buf, typ)
	buf = binary.BigEndian.AppendUint32(buf, uint32(n))
	for _, b := range body {
		buf = append(buf, b...)
	}
	return buf
}

// AppendReady appends a ReadyForQuery with a transaction status: I, T or E.
func AppendReady(buf []byte, tx byte) []byte { return append(buf, Ready, 0, 0, 0, 5, tx) }

// AppendParameter appends a ParameterStatus.
func AppendParameter(buf []byte, name, value string) []byte {
	buf = append(buf, ParameterStatus)
	buf = binary.BigEndian.AppendUint32(buf, uint32(4+len(name)+1+len(value)+1))
	return append(append(append(append(buf, name...), 0), value...), 0)
}
