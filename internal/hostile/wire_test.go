package hostile_test

import (
	"encoding/binary"
	"strings"
)

// The functions of this file make messages of the protocol, good ones and such as no driver
// would send.

// message is one with its true length.
func message(kind byte, body ...string) string {
	return lying(kind, 4+len(strings.Join(body, "")), body...)
}

// lying is a message that says to have a length of n, its own four bytes included.
func lying(kind byte, n int, body ...string) string {
	return string(kind) + i32(n) + strings.Join(body, "")
}

func i32(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }

func i16(n int) string { return string(binary.BigEndian.AppendUint16(nil, uint16(n))) }

func text(s string) string { return s + "\x00" }

// packet is a message without a kind, such as the first one of a client.
func packet(code int, body ...string) string {
	all := strings.Join(body, "")
	return i32(8+len(all)) + i32(code) + all
}

// Codes of the first packet.
const (
	protocol3  = 3 << 16
	askTLS     = 80877103
	askGSS     = 80877104
	askCancel  = 80877102
	textFormat = 0
)

// startup logs in by names and values.
func startup(parameters ...string) string {
	var b strings.Builder
	for _, p := range parameters {
		b.WriteString(text(p))
	}
	return packet(protocol3, b.String(), "\x00")
}

func query(sql string) string { return message('Q', text(sql)) }

func parse(name, sql string, types ...int) string {
	body := text(name) + text(sql) + i16(len(types))
	for _, oid := range types {
		body += i32(oid)
	}
	return message('P', body)
}

// bind binds text values.
func bind(portal, statement string, values ...string) string {
	body := text(portal) + text(statement) + i16(0) + i16(len(values))
	for _, v := range values {
		body += i32(len(v)) + v
	}
	return message('B', body+i16(0))
}

func describe(kind byte, name string) string { return message('D', string(kind)+text(name)) }

func execute(portal string, rows int) string { return message('E', text(portal)+i32(rows)) }

func syncMessage() string { return message('S') }

func flush() string { return message('H') }

func terminate() string { return message('X') }

// What a server says.

func ready(status byte) string { return message('Z', string(status)) }

func authentication(code int, body ...string) string {
	return message('R', i32(code)+strings.Join(body, ""))
}

func parameterStatus(name, value string) string { return message('S', text(name)+text(value)) }

func keyData(pid, secret int) string { return message('K', i32(pid)+i32(secret)) }

func failure(severity, code, what string) string {
	return message('E', errorFields(severity, code, what))
}

func notice(code, what string) string { return message('N', errorFields("NOTICE", code, what)) }

func errorFields(severity, code, what string) string {
	return "S" + text(severity) + "V" + text(severity) + "C" + text(code) + "M" + text(what) + "\x00"
}

// columns describes a result of text columns.
func columns(names ...string) string {
	body := i16(len(names))
	for _, n := range names {
		body += text(n) + i32(0) + i16(0) + i32(25) + i16(-1) + i32(-1) + i16(textFormat)
	}
	return message('T', body)
}

func dataRow(values ...string) string {
	body := i16(len(values))
	for _, v := range values {
		body += i32(len(v)) + v
	}
	return message('D', body)
}

func complete(tag string) string { return message('C', text(tag)) }
