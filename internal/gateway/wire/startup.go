package wire

import (
	"encoding/binary"
	"fmt"
	"maps"
	"strings"
)

// Codes that stand where a start-up message has its protocol version.
const (
	CancelRequest = 80877102
	TLSRequest    = 80877103
	GSSRequest    = 80877104

	protocol3 = 3 << 16
)

// MaxStartup is PostgreSQL's own limit of a start-up packet, in bytes.
const MaxStartup = 10000

// Startup is what a client opens its connection with.
type Startup struct {
	Kind       uint32 // CancelRequest, TLSRequest, GSSRequest or the protocol version
	PID        uint32 // of a cancel request
	Secret     []byte // of a cancel request
	Parameters map[string]string
	unknown    []string // protocol options that are not supported (_pq_.*)
}

// StartupLength returns the length of a start-up packet in bytes, itself included.
func StartupLength(b [4]byte) (int, *Error) {
	n := binary.BigEndian.Uint32(b[:])
	if n < 8 || n > MaxStartup {
		return 0, Violation("a start-up packet of %d bytes", n)
	}
	return int(n), nil
}

// ParseStartup takes a start-up packet apart, which comes without its length.
func ParseStartup(b []byte) (Startup, *Error) {
	s := Startup{Kind: binary.BigEndian.Uint32(b)}
	rest := b[4:]
	switch {
	case s.Kind == CancelRequest:
		if len(rest) < 8 || len(rest) > 4+256 {
			return s, Violation("a cancel request of %d bytes", len(rest))
		}
		s.PID, s.Secret = binary.BigEndian.Uint32(rest), rest[4:]
		return s, nil
	case s.Kind == TLSRequest, s.Kind == GSSRequest:
		if len(rest) > 0 {
			return s, Violation("%d bytes after a request for encryption", len(rest))
		}
		return s, nil
	case s.Kind>>16 != 3:
		return s, &Error{Fatal: true, Code: "0A000", Message: fmt.Sprintf("unsupported protocol version %d.%d", s.Kind>>16, s.Kind&0xffff),
			Hint: "The gateway speaks protocol 3.0."}
	}
	s.Parameters = make(map[string]string)
	for {
		name, after, ok := CString(rest)
		if !ok {
			return s, Violation("a start-up packet without an end")
		}
		if len(name) == 0 {
			if len(after) > 0 {
				return s, Violation("%d bytes after the start-up packet's end", len(after))
			}
			break
		}
		value, after, ok := CString(after)
		if !ok {
			return s, Violation("a start-up parameter without a value")
		}
		rest = after
		if strings.HasPrefix(string(name), "_pq_.") {
			s.unknown = append(s.unknown, string(name))
			continue
		}
		s.Parameters[string(name)] = string(value)
	}
	if s.Parameters["user"] == "" {
		return s, &Error{Fatal: true, Code: "28000", Message: "no user name given in the start-up packet"}
	}
	return s, nil
}

// Negotiate returns the NegotiateProtocolVersion that answers a version or options
// which are not spoken here; nil if there are none.
func (s Startup) Negotiate() []byte {
	if s.Kind == protocol3 && len(s.unknown) == 0 {
		return nil
	}
	body := binary.BigEndian.AppendUint32(nil, protocol3) // the whole version, as servers write it
	body = binary.BigEndian.AppendUint32(body, uint32(len(s.unknown)))
	for _, name := range s.unknown {
		body = append(append(body, name...), 0)
	}
	return Append(nil, Negotiate, body)
}

// Database returns what the client asks for: by default what bears its name.
func (s Startup) Database() string {
	if d := s.Parameters["database"]; d != "" {
		return d
	}
	return s.Parameters["user"]
}

// Replication refuses a connection for replication. Other values of the parameter are those of an
// ordinary connection, or wrong, as for PostgreSQL.
func (s Startup) Replication() *Error {
	value, ok := s.Parameters["replication"]
	if !ok {
		return nil
	}
	word := Lower(value)
	begins := func(whole string, atLeast int) bool { return len(word) >= atLeast && strings.HasPrefix(whole, word) }
	switch {
	case begins("false", 1), begins("no", 1), begins("off", 2), word == "0":
		return nil
	case begins("true", 1), begins("yes", 1), word == "on", word == "1", value == "database":
		return &Error{Fatal: true, Code: "0A000", Message: "replication connections are not pooled",
			Detail: "The client asked for one with replication=" + value + ". Replication needs a server process of its own, which nobody else may be lent.",
			Hint:   "Have it (pg_basebackup, pg_receivewal, pg_recvlogical, a standby, a subscription) connect to the PostgreSQL server directly, not to the gateway."}
	}
	return &Error{Fatal: true, Code: "22023", Message: `invalid value for parameter "replication"`,
		Hint: `Valid values are: "false", 0, "true", 1, "database".`}
}

// Wanted returns the parameters that the client asks for, by name. Those in
// "options" are written as for the server's command line, and the others go before them.
func (s Startup) Wanted() (map[string]string, *Error) {
	wanted := make(map[string]string)
	if f := ParseOptions(s.Parameters["options"], wanted); f != nil {
		return nil, f
	}
	for name, value := range s.Parameters {
		switch name {
		case "user", "database", "replication", "options":
		default:
			wanted[Lower(name)] = value
		}
	}
	return wanted, nil
}

// ParseOptions reads -c name=value and --name=value, words being separated by
// spaces, of which a backslash escapes one.
func ParseOptions(options string, into map[string]string) *Error {
	var words []string
	var word strings.Builder
	escaped, inside := false, false
	for i := range len(options) {
		b := options[i] // whatever encoding it has
		switch {
		case escaped:
			word.WriteByte(b)
			escaped = false
		case b == '\\':
			escaped, inside = true, true
		case b == ' ' || b == '\t' || b == '\n':
			if inside {
				words = append(words, word.String())
				word.Reset()
				inside = false
			}
		default:
			word.WriteByte(b)
			inside = true
		}
	}
	if inside {
		words = append(words, word.String())
	}
	read := make(map[string]string) // nothing of options that can't be understood
	for i := 0; i < len(words); i++ {
		option := words[i]
		switch {
		case option == "-c" && i+1 < len(words):
			i++
			option = words[i]
		case strings.HasPrefix(option, "-c"):
			option = option[2:]
		case strings.HasPrefix(option, "--"):
			option = option[2:]
		default:
			option = ""
		}
		name, value, ok := strings.Cut(option, "=")
		if !ok || name == "" {
			return &Error{Fatal: true, Code: "42601", Message: fmt.Sprintf("the start-up option %q can't be understood", words[i]),
				Hint: "The gateway knows -c name=value and --name=value."}
		}
		read[Lower(strings.ReplaceAll(name, "-", "_"))] = value
	}
	maps.Copy(into, read)
	return nil
}

// Lower returns a parameter's name as the gateway keeps it: PostgreSQL takes no account of case, of ASCII letters.
func Lower(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, name)
}

// What an Authentication message asks for (PostgreSQL documentation, "Message Formats").
const (
	AuthOK           = 0
	AuthMD5          = 5
	AuthSASL         = 10
	AuthSASLContinue = 11
	AuthSASLFinal    = 12
)
