package gateway_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/gateway"
)

// FuzzCore tells the state machine of a client arbitrary things: pairs of a
// letter, upper bit for the server's side, and a choice of body.
func FuzzCore(f *testing.F) {
	f.Add([]byte("Q\x00\xd4\x00\xc3\x00\xda\x00"), false)
	f.Add([]byte("P\x01B\x01E\x00S\x00\xb1\x00\xc5\x00\xda\x00"), false)
	f.Add([]byte("Q\x00\xc7\x00d\x00c\x00\xc3\x00\xda\x00"), true)
	f.Add([]byte("P\x00B\x00E\x00S\x00\xc7\x00d\x00c\x00S\x00\xda\x00"), true)
	bodies := [][]byte{[]byte("I"), []byte("\x00select 1\x00\x00\x00"), []byte("named\x00select 1\x00\x00\x00"), []byte("T"), []byte("E"), []byte("\x00\x00\x00\x00\x00\x00\x00\x00"),
		[]byte("listen x\x00"), []byte("reset all\x00"), []byte("S\x00"), nil, []byte("COPY 1\x00"), []byte("\x00named\x00"), bytes.Repeat([]byte("\x00x"), 20000)}
	f.Fuzz(func(t *testing.T, told []byte, session bool) {
		c := gateway.NewCore(session)
		for len(told) >= 2 {
			typ, body := told[0], bodies[int(told[1]&0x7f)%len(bodies)]
			missing := int(told[1]>>7) * 100000
			told = told[2:]
			goesOn := true
			switch {
			case typ == 0:
				c.Failed()
				if _, n := c.Free(); n != 0 {
					t.Fatal("something is outstanding after a failure")
				}
			case typ&0x80 != 0:
				goesOn = c.Server(typ&0x7f, body)
			default:
				goesOn = c.Client(typ, body, missing)
			}
			if free, n := c.Free(); free && n > 0 {
				t.Fatalf("free, and %d outstanding", n)
			}
			if c.Kept() > 6*16384 { // those on their way, the last, and the one before
				t.Fatalf("%d bytes are kept", c.Kept())
			}
			if !goesOn {
				return
			}
		}
	})
}

// FuzzTake cuts a stream anywhere: what goes to the server is the same.
func FuzzTake(f *testing.F) {
	f.Add([]byte("Q\x00\x00\x00\x0dselect 1\x00S\x00\x00\x00\x04"), []byte{0, 3, 2})
	f.Add(append([]byte("P\x00\x00\x9c\x45\x00"), bytes.Repeat([]byte("x"), 40000)...), []byte{4, 200})
	f.Add([]byte("d\x00\x00\x00\x04X\x00\x00\x00\x04"), []byte{})
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		whole, refused := gateway.Take(stream, nil)
		pieces, refused2 := gateway.Take(stream, cuts)
		if refused != refused2 || !bytes.Equal(whole, pieces) {
			t.Fatalf("%d bytes whole (refused: %v), %d in pieces (%v)", len(whole), refused, len(pieces), refused2)
		}
	})
}

func FuzzParseStartup(f *testing.F) {
	for _, s := range []string{"\x00\x03\x00\x00user\x00a\x00\x00", "\x00\x03\x00\x09user\x00a\x00_pq_.x\x001\x00options\x00-c a=b\x00\x00", "\x04\xd2\x16\x2f", "\x04\xd2\x16\x2e12345678", "\x00\x02\x00\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		if len(b) >= 4 { // the length before it says so
			gateway.ParseStartup(b)
		}
	})
}

func FuzzParseOptions(f *testing.F) {
	for _, s := range []string{"-c a=b --c-d=e\\ f", "-ca=b", "-c", "--x", "\\", " "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		into, err := gateway.ParseOptions(s)
		for name := range into {
			if name == "" || err != nil {
				t.Fatalf("%q: %q, %v", s, into, err)
			}
		}
	})
}

func FuzzParseInitial(f *testing.F) {
	f.Add([]byte("SCRAM-SHA-256\x00\x00\x00\x00\x05n,,n="))
	f.Add([]byte("SCRAM-SHA-256\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, ok := gateway.ParseInitial(b); ok && !bytes.HasSuffix(b, []byte(s)) {
			t.Fatalf("%q of %q", s, b)
		}
	})
}

// FuzzLook: what is quoted never pins, and everything comes to an end.
func FuzzLook(f *testing.F) {
	for _, s := range []string{"select 'it''s'", `select e'\''`, "/* /* */ */ listen x", "$a$ $$ $a$", "set x to default", "-- x\n;", "declare c cursor with", "'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		gateway.OnlyReads(s)
		gateway.Pins(s)
		for _, word := range gateway.Words([]byte(s)) {
			if word == "" || !strings.Contains(s, word) {
				t.Fatalf("%q in %q", word, s)
			}
		}
		quoted := "select '" + strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), "'", "''") + "'"
		if why := gateway.Pins(quoted); why != "" {
			t.Fatalf("%s pins for %s", quoted, why)
		}
		if words := gateway.Words([]byte(quoted)); !slices.Equal(words, []string{"select"}) {
			t.Fatalf("%s: %q", quoted, words)
		}
	})
}
