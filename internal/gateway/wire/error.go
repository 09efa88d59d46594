package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Error is an error that a client is told: an ErrorResponse that the gateway makes up.
type Error struct {
	Fatal   bool   // it ends the client's connection
	Code    string // SQLSTATE
	Message string
	Detail  string // which limit, which object
	Hint    string // which setting, what to do
}

func (e *Error) Error() string { return fmt.Sprintf("%s (SQLSTATE %s)", e.Message, e.Code) }

// AsFatal returns a copy of the error that ends the client's connection.
func (e Error) AsFatal() *Error {
	e.Fatal = true
	return &e
}

// Append appends the ErrorResponse to buf.
func (e *Error) Append(buf []byte) []byte {
	severity := "ERROR"
	if e.Fatal {
		severity = "FATAL"
	}
	var body []byte
	for _, field := range [...]struct {
		key   byte
		value string
	}{{'S', severity}, {'V', severity}, {'C', e.Code}, {'M', e.Message}, {'D', e.Detail}, {'H', e.Hint}} {
		if field.value != "" {
			body = append(append(append(body, field.key), field.value...), 0)
		}
	}
	return Append(buf, ErrorResponse, append(body, 0))
}

// Violation returns the error of a client that does not keep to the protocol.
func Violation(format string, args ...any) *Error {
	return &Error{
		Fatal: true, Code: "08P01", Message: "protocol violation: " + fmt.Sprintf(format, args...),
		Hint: "This is a mistake of the client program, or of something between it and the gateway.",
	}
}

// ServerViolation returns what a client is told when its server does not keep to the protocol.
func ServerViolation(format string, args ...any) *Error {
	return &Error{
		Fatal: true, Code: "08P01", Message: "protocol violation of the server: it sent " + fmt.Sprintf(format, args...),
		Hint: "This is a mistake of the server, or of something between it and the gateway. The connection to it is closed; connect again.",
	}
}

// BadLength returns what is wrong with the length of the client's message that b begins with, which [Frame] has
// found impossible or above its limit.
func BadLength(b []byte) *Error {
	n := int32(binary.BigEndian.Uint32(b[1:]))
	if n < 4 {
		return Violation("a message of length %d", n)
	}
	return &Error{Fatal: true, Code: "54000", Message: "a message is longer than allowed", Detail: fmt.Sprintf("It has %d bytes.", n),
		Hint: "The gateway's max_message says how long a message may be."}
}

// ErrorText returns the message of an ErrorResponse with this body, "" if it has none.
func ErrorText(body []byte) string {
	for len(body) > 0 && body[0] != 0 {
		value, rest, ok := CString(body[1:])
		if !ok {
			return ""
		}
		if body[0] == 'M' {
			return string(value)
		}
		body = rest
	}
	return ""
}

// HasCode says whether an ErrorResponse with this body has the SQLSTATE.
func HasCode(body []byte, code string) bool {
	at := bytes.Index(body, []byte("\x00C"))
	return at >= 0 && bytes.HasPrefix(body[at+2:], []byte(code+"\x00"))
}

// EndsSession says whether an ErrorResponse with this body is the last word of a server: FATAL or PANIC.
func EndsSession(body []byte) bool {
	return bytes.Contains(body, []byte("\x00VFATAL\x00")) || bytes.Contains(body, []byte("\x00VPANIC\x00")) || bytes.HasPrefix(body, []byte("VFATAL\x00"))
}

// SoftenFatal makes an ErrorResponse with this body an error like any other, in place: FATAL, PANIC and ERROR are
// equally long.
func SoftenFatal(body []byte) {
	for at := 0; at < len(body) && body[at] != 0; {
		value, _, ok := CString(body[at+1:])
		if !ok {
			break
		}
		if (body[at] == 'S' || body[at] == 'V') && (string(value) == "FATAL" || string(value) == "PANIC") {
			copy(value, "ERROR")
		}
		at += 1 + len(value) + 1
	}
}
