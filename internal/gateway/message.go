package gateway

import "encoding/binary"

// Message types that the gateway looks at (PostgreSQL documentation, "Message
// Formats"). The same letter means different things in the two directions.
const (
	// from a client
	msgBind      = 'B'
	msgClose     = 'C'
	msgDescribe  = 'D'
	msgExecute   = 'E'
	msgFunction  = 'F'
	msgFlush     = 'H'
	msgParse     = 'P'
	msgQuery     = 'Q'
	msgSync      = 'S'
	msgTerminate = 'X'
	msgPassword  = 'p'
	// in a COPY
	msgCopyData = 'd'
	msgCopyDone = 'c'
	msgCopyFail = 'f'
	// from a server
	msgParseComplete   = '1'
	msgBindComplete    = '2'
	msgCloseComplete   = '3'
	msgRowDescription  = 'T'
	msgNoData          = 'n'
	msgEmptyQuery      = 'I'
	msgPortalSuspended = 's'
	msgCommandComplete = 'C'
	msgError           = 'E'
	msgCopyIn          = 'G'
	msgParameterStatus = 'S'
	msgParameters      = 't'
	msgNotice          = 'N'
	msgNotification    = 'A'
	msgReady           = 'Z'
)

// headerLen is the type and the length, which counts itself and what follows.
const headerLen = 5

// message is one framed message in a buffer. Of one that has not arrived whole,
// body is what there is and missing how much is not.
type message struct {
	typ     byte
	raw     []byte // header and what there is of the body
	missing int
}

func (m message) body() []byte { return m.raw[headerLen:] }

// frame cuts the next message off buf. More bytes are needed to say anything
// when ok is false; bad says that the length is impossible or above limit.
func frame(buf []byte, limit int) (m message, ok, bad bool) {
	if len(buf) < headerLen {
		return message{}, false, false
	}
	length := int(int32(binary.BigEndian.Uint32(buf[1:])))
	if length < 4 || length > limit {
		return message{}, false, true
	}
	whole := 1 + length
	if whole <= len(buf) {
		return message{typ: buf[0], raw: buf[:whole]}, true, false
	}
	return message{typ: buf[0], raw: buf, missing: whole - len(buf)}, true, false
}

// cstring cuts a NUL-terminated string off b; ok is false if there is no NUL.
func cstring(b []byte) (s, rest []byte, ok bool) {
	for i, c := range b {
		if c == 0 {
			return b[:i], b[i+1:], true
		}
	}
	return nil, nil, false
}

// appendMessage puts a message together.
func appendMessage(buf []byte, typ byte, body ...[]byte) []byte {
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

func appendReady(buf []byte, tx byte) []byte { return append(buf, msgReady, 0, 0, 0, 5, tx) }
