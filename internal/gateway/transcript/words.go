package transcript

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// word is a name or number, or a text in quotes.
type word struct {
	text   string
	quoted bool
}

// words are what a message is written with.
type words []word

// at returns the i-th, "" if there are fewer.
func (ws words) at(i int) string {
	if i >= len(ws) {
		return ""
	}
	return ws[i].text
}

// from returns the i-th and all after it.
func (ws words) from(i int) words { return ws[min(i, len(ws)):] }

func (ws words) String() string {
	all := make([]string, len(ws))
	for i, w := range ws {
		if all[i] = w.text; w.quoted {
			all[i] = quote(w.text)
		}
	}
	return strings.Join(all, " ")
}

// trim leaves out the empty texts at the end.
func (ws words) trim() words {
	for len(ws) > 0 && ws[len(ws)-1] == (word{quoted: true}) {
		ws = ws[:len(ws)-1]
	}
	return ws
}

// values appends a count and so many values, each with its length.
func (ws words) values(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(ws)))
	for _, w := range ws {
		if w == (word{text: "NULL"}) {
			b = binary.BigEndian.AppendUint32(b, 0xffffffff)
			continue
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(w.text))), w.text...)
	}
	return b
}

// number is a word that must be one.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

var lexeme = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|;|[^\s";]+`)

// split cuts a text into the words of its messages.
func split(text string) (messages []words) {
	begins := true
	for _, l := range lexeme.FindAllString(text, -1) {
		if l == ";" {
			begins = true
			continue
		}
		if begins {
			messages = append(messages, nil)
			begins = false
		}
		w := word{text: l}
		if l[0] == '"' {
			w = word{unquote(l), true}
		}
		messages[len(messages)-1] = append(messages[len(messages)-1], w)
	}
	return messages
}

// aRun is how many letters that are the same are written as one and their number.
const aRun = 24

func quote(s string) string {
	quoted := run.ReplaceAllStringFunc(strconv.Quote(s), func(r string) string { return `\x7b` + r[1:] })
	var b strings.Builder
	for i := 0; i < len(quoted); {
		n := 1
		for i+n < len(quoted) && quoted[i+n] == quoted[i] {
			n++
		}
		if c := quoted[i]; n >= aRun && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9') {
			fmt.Fprintf(&b, "{%c*%d}", c, n)
		} else {
			b.WriteString(quoted[i : i+n])
		}
		i += n
	}
	return b.String()
}

var run = regexp.MustCompile(`\{([a-z0-9])\*([0-9]+)\}`)

func unquote(quoted string) string {
	s, err := strconv.Unquote(run.ReplaceAllStringFunc(quoted, func(r string) string {
		parts := run.FindStringSubmatch(r)
		return strings.Repeat(parts[1], number(parts[2]))
	}))
	if err != nil {
		panic(fmt.Sprintf("%s: %v", quoted, err))
	}
	return s
}
