package hostile_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// peer is a connection to the daemon that says whatever it likes.
type peer struct {
	net.Conn
	in     *bufio.Reader
	secret string // what BackendKeyData told
}

// send writes; the daemon may have hung up, which is its right.
func (p *peer) send(messages ...string) error {
	_, err := io.WriteString(p.Conn, strings.Join(messages, ""))
	return err
}

// drip writes one byte at a time, until it is told to end or nobody takes them any more.
func (p *peer) drip(s string, pause time.Duration, end <-chan struct{}) {
	for i := range len(s) {
		if p.send(s[i:i+1]) != nil {
			return
		}
		select {
		case <-time.After(pause):
		case <-end:
			return
		}
	}
}

// next is the daemon's next message in a word: its kind, and of an error the severity's first
// letter and the code, of ReadyForQuery the status.
func (p *peer) next() (string, error) {
	var head [5]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return "", err
	}
	n := int(binary.BigEndian.Uint32(head[1:])) - 4
	if n < 0 || n > 64<<20 {
		return "", errors.New("the daemon sent an impossible length")
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(p.in, body); err != nil {
		return "", err
	}
	switch word := string(head[0]); word {
	case "E":
		severity, code := "", ""
		for field := range strings.SplitSeq(string(body), "\x00") {
			switch {
			case strings.HasPrefix(field, "S"):
				severity = field[1:2]
			case strings.HasPrefix(field, "C"):
				code = field[1:]
			}
		}
		return severity + ":" + code, nil
	case "Z":
		return "Z:" + string(body), nil
	case "K":
		p.secret = string(body)
		return word, nil
	case "R":
		return "R:" + string(rune('0'+binary.BigEndian.Uint32(body)%100)), nil
	default:
		return word, nil
	}
}

// until reads to a message of this word, or to the end of the connection, and returns the words
// that matter: not what any login or query brings.
func (p *peer) until(t testing.TB, last string, limit time.Duration) string {
	t.Helper()
	if t.Failed() {
		limit = min(limit, 50*time.Millisecond) // the rest of a row that failed is not worth the time
	}
	_ = p.SetReadDeadline(time.Now().Add(limit))
	defer func() { _ = p.SetReadDeadline(time.Time{}) }()
	var words []string
	for {
		word, err := p.next()
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout():
			t.Errorf("no %s within %v; what came: %s", last, limit, strings.Join(words, " "))
			return strings.Join(append(words, "nothing"), " ")
		case err != nil:
			return strings.Join(append(words, "EOF"), " ")
		}
		if !strings.Contains("S K N A D T C d t n 1 2 3 ", word+" ") && !strings.HasPrefix(word, "R:") {
			words = append(words, word)
		}
		if word == last || last == anyReady && strings.HasPrefix(word, "Z:") {
			return strings.Join(words, " ")
		}
	}
}

// anyReady is ReadyForQuery with whatever status.
const anyReady = "Z"

// gone waits until the daemon hangs up, whatever it says before.
func (p *peer) gone(t testing.TB, limit time.Duration) string {
	t.Helper()
	return p.until(t, "the end", limit)
}

// crowd is all connections that a row's hostile side has open.
type crowd struct {
	mu    sync.Mutex
	peers []net.Conn
	over  chan struct{} // closed when the hostile side lets go
	work  sync.WaitGroup
}

func (c *crowd) keep(n net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.peers = append(c.peers, n)
}

// letGo ends what the hostile side does and closes its connections.
func (c *crowd) letGo() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.over:
	default:
		close(c.over)
	}
	for _, p := range c.peers {
		_ = p.Close() // it may be closed
	}
	c.peers = nil
}
