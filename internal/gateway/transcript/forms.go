package transcript

import (
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// fromClient are the messages of a client (PostgreSQL documentation, "Message Formats").
var fromClient = []form{
	{"Query", wire.Query, texts, showTexts},
	{"Parse", wire.Parse, func(ws words) []byte {
		return ws.from(2).types(texts(words{{text: ws.at(0)}, {text: ws.at(1)}}))
	}, func(b *body) []word {
		return append([]word{{b.text(), true}, {b.text(), true}}, b.types()...)
	}},
	{"Bind", wire.Bind, func(ws words) []byte {
		b := append(texts(words{{text: ws.at(0)}, {text: ws.at(1)}}), 0, 0)
		return append(ws.from(2).values(b), 0, 0)
	}, func(b *body) []word {
		names := words{{b.text(), true}, {b.text(), true}}
		if b.int16(); len(b.rest) > 4 {
			return append(names, b.values()...)
		}
		return names.trim()
	}},
	{"Describe", wire.Describe, kindAndName, showKindAndName},
	{"Close", wire.Close, kindAndName, showKindAndName},
	{"Execute", wire.Execute, func(ws words) []byte {
		portal, rows := "", 0
		for _, w := range ws {
			if w.quoted {
				portal = w.text
			} else {
				rows = number(w.text)
			}
		}
		return binary.BigEndian.AppendUint32(texts(words{{text: portal}}), uint32(rows))
	}, func(b *body) []word {
		ws := words{{b.text(), true}}.trim()
		if rows := b.int32(); rows > 0 {
			ws = append(ws, word{text: strconv.Itoa(rows)})
		}
		return ws
	}},
	{"FunctionCall", wire.Function, func(ws words) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(number(ws.at(0))))
		return append(ws.from(1).values(append(b, 0, 0)), 0, 0)
	}, func(b *body) []word {
		ws := []word{{text: strconv.Itoa(b.int32())}}
		b.int16()
		return append(ws, b.values()...)
	}},
	{"Sync", wire.Sync, nil, nil},
	{"Flush", wire.Flush, nil, nil},
	{"Terminate", wire.Terminate, nil, nil},
	{"CopyData", wire.CopyData, data, showData},
	{"CopyDone", wire.CopyDone, nil, nil},
	{"CopyFail", wire.CopyFail, texts, showTexts},
}

// fromServer are the messages of a server.
var fromServer = []form{
	{"ParseComplete", wire.ParseComplete, nil, nil},
	{"BindComplete", wire.BindComplete, nil, nil},
	{"CloseComplete", wire.CloseComplete, nil, nil},
	{"NoData", wire.NoData, nil, nil},
	{"PortalSuspended", wire.PortalSuspended, nil, nil},
	{"EmptyQueryResponse", wire.EmptyQuery, nil, nil},
	{"ParameterDescription", wire.Parameters, func(ws words) []byte { return ws.types(nil) }, func(b *body) []word { return b.types() }},
	{"RowDescription", wire.RowDescription, columns, showColumns},
	{"DataRow", 'D', func(ws words) []byte { return ws.values(nil) }, func(b *body) []word { return b.values() }},
	{"CommandComplete", wire.CommandComplete, texts, showTexts},
	{"ErrorResponse", wire.ErrorResponse, report("ERROR"), showReport("ERROR")},
	{"NoticeResponse", wire.Notice, report("NOTICE"), showReport("NOTICE")},
	{"NotificationResponse", wire.Notification, func(ws words) []byte {
		return append([]byte{0, 0, 0, 1}, texts(ws)...)
	}, func(b *body) []word {
		b.int32()
		return showTexts(b)
	}},
	{"ParameterStatus", wire.ParameterStatus, texts, func(b *body) []word { return []word{{text: b.text()}, {b.text(), true}} }},
	{"FunctionCallResponse", 'V', func(ws words) []byte { return ws.values(nil)[2:] }, func(b *body) []word {
		b.rest = append([]byte{0, 1}, b.rest...)
		return b.values()
	}},
	{"CopyInResponse", wire.CopyIn, copyColumns, showCopyColumns},
	{"CopyOutResponse", 'H', copyColumns, showCopyColumns},
	{"CopyData", wire.CopyData, data, showData},
	{"CopyDone", wire.CopyDone, nil, nil},
	{"ReadyForQuery", wire.Ready, func(ws words) []byte { return []byte(ws.at(0)) }, func(b *body) []word { return []word{{text: string(b.rest)}} }},
}

func texts(ws words) (b []byte) {
	for _, w := range ws {
		b = append(append(b, w.text...), 0)
	}
	return b
}

func showTexts(b *body) (ws []word) {
	for len(b.rest) > 0 {
		ws = append(ws, word{b.text(), true})
	}
	return ws
}

func data(ws words) []byte        { return []byte(ws.at(0)) }
func showData(b *body) []word     { return []word{{string(b.rest), true}} }
func kindAndName(ws words) []byte { return append(append([]byte(ws.at(0)), ws.at(1)...), 0) }
func showKindAndName(b *body) []word {
	return words{{text: string(b.take(1))}, {b.text(), true}}.trim()
}

// types are the types that texts name, with the lengths of their values.
var types = map[string]struct {
	oid    int
	length uint16
}{"unknown": {705, 0xfffe}, "int4": {23, 4}, "int8": {20, 8}, "text": {25, 0xffff}, "date": {1082, 4}}

func nameOf(oid int) string {
	for _, name := range slices.Sorted(maps.Keys(types)) {
		if types[name].oid == oid {
			return name
		}
	}
	return strconv.Itoa(oid)
}

func (ws words) types(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(ws)))
	for _, w := range ws {
		oid := types[w.text].oid
		if oid == 0 {
			oid = number(w.text)
		}
		b = binary.BigEndian.AppendUint32(b, uint32(oid))
	}
	return b
}

func (b *body) types() (ws []word) {
	for n := b.int16(); n > 0; n-- {
		ws = append(ws, word{text: nameOf(b.int32())})
	}
	return ws
}

// columns are written as name:type.
func columns(ws words) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(ws)))
	for _, w := range ws {
		name, of, _ := strings.Cut(w.text, ":")
		t := types[of]
		if t.oid == 0 {
			panic("there is no type " + of)
		}
		b = append(append(b, name...), 0, 0, 0, 0, 0, 0, 0)
		b = binary.BigEndian.AppendUint32(b, uint32(t.oid))
		b = binary.BigEndian.AppendUint16(b, t.length)
		b = append(b, 0xff, 0xff, 0xff, 0xff, 0, 0)
	}
	return b
}

func showColumns(b *body) (ws []word) {
	for n := b.int16(); n > 0; n-- {
		name := b.text()
		b.take(6)
		ws = append(ws, word{text: name + ":" + nameOf(b.int32())})
		b.take(8)
	}
	return ws
}

// report builds an error or a notice: its SQLSTATE, and in quotes its message, detail and hint.
func report(severity string) func(words) []byte {
	return func(ws words) []byte {
		is := severity
		if len(ws) > 1 && !ws[1].quoted {
			is, ws = ws.at(0), ws[1:]
		}
		fields := texts(words{{text: "S" + is}, {text: "V" + is}, {text: "C" + ws.at(0)}})
		for i, key := range []string{"M", "D", "H"} {
			if ws.at(i+1) != "" {
				fields = append(fields, texts(words{{text: key + ws.at(i+1)}})...)
			}
		}
		return append(fields, 0)
	}
}

func showReport(severity string) func(*body) []word {
	return func(b *body) []word {
		fields := map[byte]string{}
		for len(b.rest) > 1 {
			if key := b.take(1)[0]; key != 0 {
				fields[key] = b.text()
			}
		}
		ws := words{{text: fields['C']}, {fields['M'], true}, {fields['D'], true}, {fields['H'], true}}.trim()
		if fields['S'] != severity {
			ws = append(words{{text: fields['S']}}, ws...)
		}
		return ws
	}
}

// copyColumns are so many columns, as text.
func copyColumns(ws words) []byte {
	n := 1
	if len(ws) > 0 {
		n = number(ws.at(0))
	}
	return append([]byte{0, byte(n >> 8), byte(n)}, make([]byte, 2*n)...)
}

func showCopyColumns(b *body) []word {
	b.take(1)
	if n := b.int16(); n != 1 {
		return []word{{text: strconv.Itoa(n)}}
	}
	return nil
}
