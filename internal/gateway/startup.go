package gateway

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Codes that stand where a start-up message has its protocol version.
const (
	cancelCode = 80877102
	tlsCode    = 80877103
	gssCode    = 80877104

	protocol3 = 3 << 16
)

// maxStartup is PostgreSQL's own limit of a start-up packet, in bytes.
const maxStartup = 10000

// startup is what a client opens its connection with.
type startup struct {
	kind       uint32 // cancelCode, tlsCode, gssCode or the protocol version
	pid        uint32 // of a cancel request
	secret     []byte
	parameters map[string]string
	unknown    []string // protocol options that are not supported (_pq_.*)
}

// startupLength reads the length of a start-up packet, itself included.
func startupLength(b [4]byte) (int, *failure) {
	n := binary.BigEndian.Uint32(b[:])
	if n < 8 || n > maxStartup {
		return 0, violation("a start-up packet of %d bytes", n)
	}
	return int(n), nil
}

// parseStartup takes a start-up packet apart, without its length.
func parseStartup(b []byte) (startup, *failure) {
	s := startup{kind: binary.BigEndian.Uint32(b)}
	rest := b[4:]
	switch {
	case s.kind == cancelCode:
		if len(rest) < 8 || len(rest) > 4+256 {
			return s, violation("a cancel request of %d bytes", len(rest))
		}
		s.pid, s.secret = binary.BigEndian.Uint32(rest), rest[4:]
		return s, nil
	case s.kind == tlsCode, s.kind == gssCode:
		if len(rest) > 0 {
			return s, violation("%d bytes after a request for encryption", len(rest))
		}
		return s, nil
	case s.kind>>16 != 3:
		return s, &failure{fatal: true, code: "0A000", message: fmt.Sprintf("unsupported protocol version %d.%d", s.kind>>16, s.kind&0xffff),
			hint: "The gateway speaks protocol 3.0."}
	}
	s.parameters = make(map[string]string)
	for {
		name, after, ok := cstring(rest)
		if !ok {
			return s, violation("a start-up packet without an end")
		}
		if len(name) == 0 {
			if len(after) > 0 {
				return s, violation("%d bytes after the start-up packet's end", len(after))
			}
			break
		}
		value, after, ok := cstring(after)
		if !ok {
			return s, violation("a start-up parameter without a value")
		}
		rest = after
		if strings.HasPrefix(string(name), "_pq_.") {
			s.unknown = append(s.unknown, string(name))
			continue
		}
		s.parameters[string(name)] = string(value)
	}
	if s.parameters["user"] == "" {
		return s, &failure{fatal: true, code: "28000", message: "no user name given in the start-up packet"}
	}
	return s, nil
}

// negotiate is the NegotiateProtocolVersion that answers a version or options
// which are not spoken here; nil if there are none.
func (s startup) negotiate() []byte {
	if s.kind == protocol3 && len(s.unknown) == 0 {
		return nil
	}
	body := binary.BigEndian.AppendUint32(nil, protocol3) // the whole version, as servers write it
	body = binary.BigEndian.AppendUint32(body, uint32(len(s.unknown)))
	for _, name := range s.unknown {
		body = append(append(body, name...), 0)
	}
	return appendMessage(nil, 'v', body)
}

// database is what the client asks for: by default what bears its name.
func (s startup) database() string {
	if d := s.parameters["database"]; d != "" {
		return d
	}
	return s.parameters["user"]
}

// replication refuses a connection for replication. Other values of the parameter are those of an
// ordinary connection, or wrong, as for PostgreSQL.
func (s startup) replication() *failure {
	value, ok := s.parameters["replication"]
	if !ok {
		return nil
	}
	word := lower(value)
	begins := func(whole string, atLeast int) bool { return len(word) >= atLeast && strings.HasPrefix(whole, word) }
	switch {
	case begins("false", 1), begins("no", 1), begins("off", 2), word == "0":
		return nil
	case begins("true", 1), begins("yes", 1), word == "on", word == "1", value == "database":
		return &failure{fatal: true, code: "0A000", message: "replication connections are not pooled",
			detail: "The client asked for one with replication=" + value + ". Replication needs a server process of its own, which nobody else may be lent.",
			hint:   "Have it (pg_basebackup, pg_receivewal, pg_recvlogical, a standby, a subscription) connect to the PostgreSQL server directly, not to the gateway."}
	}
	return &failure{fatal: true, code: "22023", message: `invalid value for parameter "replication"`,
		hint: `Valid values are: "false", 0, "true", 1, "database".`}
}

// wanted are the settings that the client asks for, by name. Those in
// "options" are written as for the server's command line, and the others go before them.
func (s startup) wanted() (map[string]string, *failure) {
	wanted := make(map[string]string)
	if f := parseOptions(s.parameters["options"], wanted); f != nil {
		return nil, f
	}
	for name, value := range s.parameters {
		switch name {
		case "user", "database", "replication", "options":
		default:
			wanted[lower(name)] = value
		}
	}
	return wanted, nil
}

// parseOptions reads -c name=value and --name=value, words being separated by
// spaces, of which a backslash escapes one.
func parseOptions(options string, into map[string]string) *failure {
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
			return &failure{fatal: true, code: "42601", message: fmt.Sprintf("the start-up option %q can't be understood", words[i]),
				hint: "The gateway knows -c name=value and --name=value."}
		}
		into[lower(strings.ReplaceAll(name, "-", "_"))] = value
	}
	return nil
}

// lower is a setting's name as the gateway keeps it: PostgreSQL takes no account of case, of ASCII letters.
func lower(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, name)
}
