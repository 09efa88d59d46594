package hostile_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// lyingRows are servers that let the daemon in and lie then.
var lyingRows = []row{
	// Whatever the daemon asks of its own when it has connected.
	atLogin("answer all with a column too few", answering(columns()+dataRow()+complete("SELECT 1"))),
	atLogin("answer all with one column", answering(columns("a")+dataRow("1")+complete("SELECT 1"))),
	atLogin("answer all with two columns", answering(columns("a", "b")+dataRow("1", "")+complete("SELECT 1"))),
	atLogin("answer all with five columns of words", answering(columns("a", "b", "c", "d", "e")+dataRow("x", "", "-1", "99999999999999999999", "\xff")+complete("SELECT 1"))),
	atLogin("answer all with nothing", answering(message('I'))),
	atLogin("answer all with no row", answering(columns("a", "b", "c", "d", "e", "f")+complete("SELECT 0"))),
	atLogin("answer all with NULLs", answering(columns("a", "b", "c")+message('D', i16(3)+i32(-1)+i32(-1)+i32(-1))+complete("SELECT 1"))),
	atLogin("answer all with rows that were not described", answering(dataRow("1", "2")+complete("SELECT 1"))),
	atLogin("answer all with rows of another width", answering(columns("a", "b")+dataRow("1")+dataRow("1", "2", "3")+complete("SELECT 1"))),
	atLogin("answer all with fewer values than they count", answering(columns("a", "b")+message('D', i16(2)+i32(1)+"1")+complete("SELECT 1"))),
	atLogin("answer all with values longer than the message", answering(columns("a", "b")+message('D', i16(2)+i32(1<<30)+"1")+complete("SELECT 1"))),
	atLogin("answer all with a count below none", answering(message('T', i16(-1))+message('D', i16(-1))+complete("SELECT 1"))),
	atLogin("answer all with a hundred thousand rows", answering(columns("a", "b")+strings.Repeat(dataRow("1", "2"), 100000)+complete("SELECT 1"))),
	atLogin("answer all with an error", answering(failure("ERROR", "XX000", "no"))),
	atLogin("answer all with a FATAL", answering(failure("FATAL", "57P01", "no"))),
	atLogin("answer all with COPY", answering(message('G', "\x00"+i16(0)))),
	atLogin("answer all with COPY to the client", answering(message('H', "\x00"+i16(0))+message('d', "x")+message('c')+complete("COPY 1"))),
	atLogin("answer all with COPY both ways", answering(message('W', "\x00"+i16(0)))),
	atLogin("answer all without being ready", func(c *caller) {
		for c.welcome(); ; {
			if _, _, ok := c.hear(); !ok || !c.say(columns("a", "b"), dataRow("1", "2"), complete("SELECT 1")) {
				return
			}
		}
	}),
	atLogin("answer nothing", func(c *caller) { c.welcome(); c.silent() }),
	atLogin("hang up at the first question", func(c *caller) { c.welcome(); c.hear() }),
	atLogin("fail in a transaction that nobody began", func(c *caller) {
		for c.welcome(); ; {
			if _, _, ok := c.hear(); !ok || !c.say(failure("ERROR", "25P02", "aborted"), ready('E')) {
				return
			}
		}
	}),
	atLogin("are ready in a state that there is not", func(c *caller) {
		for c.welcome(); ; {
			if _, _, ok := c.hear(); !ok || !c.say(complete("SELECT 1"), ready('?')) {
				return
			}
		}
	}),

	// In the middle of a client's statement.
	amid("hang up", "end", func(*caller) {}),
	amid("say nothing", "", (*caller).silent),
	amid("fail and hang up", "end", said(failure("FATAL", "57P01", "terminated"), "")),
	amid("fail and say no more", "", said(failure("ERROR", "XX000", "no"), "wait")),
	amid("fail for good and stay", "", said(failure("FATAL", "57P01", "terminated"), "wait")),
	amid("send rows nobody described", "any", said(dataRow("1")+complete("SELECT 1")+ready('I'), "wait")),
	amid("are ready and nothing else", "any", said(ready('I'), "wait")),
	amid("are ready over and over", "any", said(strings.Repeat(ready('I'), 1000), "wait")),
	amid("are ready in a state that there is not", "any", said(complete("SELECT 1")+ready('?'), "wait")),
	amid("are ready without a state", "any", said(complete("SELECT 1")+message('Z'), "wait")),
	amid("are ready in a transaction that nobody began", "any", said(complete("SELECT 1")+ready('T'), "wait")),
	amid("answer more than was asked", "any", said(strings.Repeat(columns("a")+dataRow("1")+complete("SELECT 1")+ready('I'), 100), "wait")),
	amid("complete what nobody asked for", "any", said(strings.Repeat(message('1')+message('2')+message('3')+message('n')+message('s')+message('t', i16(0)), 100)+complete("SELECT 1")+ready('I'), "wait")),
	amid("ask for a password", "any", said(authentication(3)+authentication(10, text("SCRAM-SHA-256"), "\x00")+ready('I'), "wait")),
	amid("change the cancel key", "any", said(keyData(7, 7)+complete("SELECT 1")+ready('I'), "wait")),
	amid("negotiate the protocol", "any", said(message('v', i32(0)+i32(0))+complete("SELECT 1")+ready('I'), "wait")),
	amid("want a COPY that nobody asked for", "", said(message('G', "\x00"+i16(0)), "wait")),
	amid("want a COPY both ways", "", said(message('W', "\x00"+i16(0)), "wait")),
	amid("send a COPY and hang up", "end", said(message('H', "\x00"+i16(0))+message('d', "x"), "")),
	amid("send messages that there are not", "", said(message('!', "x")+message(0, "x")+message(255, "x"), "wait")),
	amid("send lengths that can't be", "end", said(columns("a")+lying('D', 0), "wait")),
	amid("send lengths below none", "end", said(columns("a")+lying('D', -1), "wait")),
	amid("promise a row of 2 GiB", "", said(columns("a")+lying('D', 1<<31-1, "xxxx"), "wait")),
	amid("send half a message and stop", "", said(columns("a")+dataRow(strings.Repeat("x", 50000))[:30000], "wait")),
	amid("send half a message and hang up", "end", said(columns("a")+dataRow(strings.Repeat("x", 50000))[:30000], "")),
	amid("send half a long row and hang up", "end", said(columns("a")+dataRow(strings.Repeat("x", 8<<20))[:4<<20], "")),
	amid("send the beginning of a header and stop", "", said(columns("a")+"D\x00", "wait")),
	amid("send the beginning of a header and hang up", "end", said(columns("a")+"D\x00", "")),
	amid("speak another protocol", "end", said(strings.Repeat("HTTP/1.1 500 no\r\n", 100), "")),
	amid("send an error without a code", "", said(message('E', "\x00"), "wait")),
	amid("send an error without an end", "", said(message('E', "SERROR"), "wait")),
	amid("send a tag without an end", "any", said(message('C', "SELECT")+ready('I'), "wait")),
	amid("report twenty thousand parameters", "any", func(c *caller) {
		for i := range 20000 {
			c.say(parameterStatus(fmt.Sprint("name", i), strings.Repeat("v", 100)))
		}
		c.say(complete("SELECT 1"), ready('I'))
		c.stay()
	}),
	amid("report one parameter over and over", "any", func(c *caller) {
		for i := range 20000 {
			c.say(parameterStatus("TimeZone", fmt.Sprint(i)))
		}
		c.say(complete("SELECT 1"), ready('I'))
		c.stay()
	}),
	amid("report a parameter without an end", "any", said(message('S', "TimeZone")+message('S')+message('S', "a\x00b")+complete("SELECT 1")+ready('I'), "wait")),
	amid("send notices without an end", "", func(c *caller) {
		for n := strings.Repeat(notice("00000", strings.Repeat("x", 1000)), 100); c.say(n); {
		}
	}),
	amid("send notifications that nobody listens to", "any", func(c *caller) {
		for range 20000 {
			c.say(message('A', i32(1)+text("channel")+text(strings.Repeat("x", 100))))
		}
		c.say(complete("SELECT 1"), ready('I'))
		c.stay()
	}),
	amid("send rows for ever", "", func(c *caller) {
		c.say(columns("a"))
		for n := strings.Repeat(dataRow(strings.Repeat("x", 1000)), 100); c.say(n); {
		}
	}),
}

// answering logs the daemon in and gives each question the same answer.
func answering(answer string) func(*caller) {
	return func(c *caller) {
		for c.welcome(); ; {
			kind, _, ok := c.hear()
			if !ok || kind == 'X' {
				return
			}
			if (kind == 'Q' || kind == 'S') && !c.say(answer, ready('I')) {
				return
			}
		}
	}
}

// said says something, and hangs up at once or waits.
func said(what, then string) func(*caller) {
	return func(c *caller) {
		c.say(what)
		if then == "wait" {
			c.stay()
		}
	}
}

// stay waits for the next request, and answers it by hanging up: a server that says nothing is a
// row of its own.
func (c *caller) stay() {
	for {
		if kind, _, ok := c.hear(); !ok || kind == 'Q' || kind == 'P' {
			return
		}
	}
}

// amid is a server that is a real one until a statement holds the trigger, then a liar, and for
// the next connection a real one again. want is what becomes of the client: "end", something
// comes to an end of it, an error or the connection; "any", it need only be something; "", it
// may wait for ever, as it would for the server itself.
func amid(name, want string, lie func(*caller)) row {
	return row{
		name: "amid a statement " + name,
		extra: func(a *arena) string {
			return a.lies("", func(c *caller) {
				if c.until() {
					lie(c)
				}
			})
		},
		do: func(a *arena) {
			for _, words := range []string{
				query("select '" + trigger + "'"), parse("", "select '"+trigger+"'") + bind("", "") + describe('P', "") + execute("", 0) + syncMessage(),
				query("begin; select '" + trigger + "'"),
			} {
				p := a.loginTo("lied")
				_ = p.send(words)
				switch want {
				case "end":
					if got := p.until(a, "Z:I", usualHeld); !strings.Contains(got, "E:") && !strings.Contains(got, "F:") && got != "EOF" {
						a.Errorf("the client was told %s", got)
					}
				case "any":
					_ = p.SetReadDeadline(time.Now().Add(usualHeld))
					if _, err := p.next(); errors.Is(err, os.ErrDeadlineExceeded) {
						a.Errorf("the client was told nothing about %q", words[:6])
					}
				default:
					<-time.After(100 * time.Millisecond)
				}
				_ = p.Close()
			}
		},
		freed: 20 * time.Second,
	}
}
