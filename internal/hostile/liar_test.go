package hostile_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// liar is a server that a pool named "lied" connects to. Once it is mended it is the real one.
type liar struct {
	net.Listener
	real   string
	mended atomic.Bool
}

// caller is a connection of the daemon to the liar.
type caller struct {
	net.Conn
	arena  *arena
	in     *bufio.Reader
	server net.Conn // the real one
}

// lies starts a liar, and is the topology's part of it. lie is what it does with a connection
// until it is mended; the connection is closed when it returns.
func (a *arena) lies(node string, lie func(*caller)) string {
	a.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		a.Fatal(err)
	}
	a.liar = &liar{Listener: l, real: a.server.Addr()}
	a.Cleanup(func() { _ = l.Close() })
	a.work.Go(func() { a.liar.serve(a, lie) })
	return fmt.Sprintf(`
node "liar" {
  host = "127.0.0.1"
  port = %d
%s
}
pool "lied" {
  node            = node.liar
  database        = %q
  user            = %q
  password        = %q
  size            = 2
  acquire_timeout = "3s"
}
`, l.Addr().(*net.TCPAddr).Port, withDefaults(node, "connect_timeout", `"1s"`), a.database, a.role, poolPassword)
}

func (l *liar) serve(a *arena, lie func(*caller)) {
	a.work.Go(func() {
		<-a.finished
		_ = l.Close()
	})
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		over, answer := a.over, lie
		if l.mended.Load() {
			over, answer = a.finished, forward
		}
		a.work.Go(func() {
			defer c.Close()
			closed := make(chan struct{})
			defer close(closed)
			go func() {
				select {
				case <-over:
					_ = c.Close()
				case <-closed:
				}
			}()
			s, err := net.Dial("tcp", l.real)
			if err != nil {
				return
			}
			defer s.Close()
			answer(&caller{Conn: c, arena: a, in: bufio.NewReader(c), server: s})
		})
	}
}

// forward is the truth.
func forward(c *caller) {
	go func() {
		_, _ = io.Copy(c.Conn, c.server)
		_ = c.Close()
	}()
	_, _ = io.Copy(c.server, c.in)
}

// say writes; the daemon may have hung up.
func (c *caller) say(messages ...string) bool {
	_, err := io.WriteString(c.Conn, strings.Join(messages, ""))
	return err == nil
}

// startup reads the start-up packet, and declines encryption.
func (c *caller) startup() bool {
	for {
		body, ok := c.packet()
		if !ok {
			return false
		}
		if code := binary.BigEndian.Uint32(body); code != askTLS && code != askGSS {
			return true
		}
		if !c.say("N") {
			return false
		}
	}
}

func (c *caller) packet() ([]byte, bool) {
	body, ok := c.body()
	return body, ok && len(body) >= 4
}

// hear reads a message.
func (c *caller) hear() (kind byte, body string, ok bool) {
	kind, err := c.in.ReadByte()
	if err != nil {
		return 0, "", false
	}
	b, ok := c.body()
	return kind, string(b), ok
}

func (c *caller) body() ([]byte, bool) {
	var n [4]byte
	if _, err := io.ReadFull(c.in, n[:]); err != nil {
		return nil, false
	}
	body := make([]byte, binary.BigEndian.Uint32(n[:])-4)
	_, err := io.ReadFull(c.in, body)
	return body, err == nil
}

// silent takes what comes and says nothing.
func (c *caller) silent() { _, _ = io.Copy(nowhere{}, c.in) }

// welcome logs the daemon in.
func (c *caller) welcome() bool {
	return c.startup() && c.say(authentication(0), parameterStatus("server_version", "15.0"), parameterStatus("server_encoding", "UTF8"),
		parameterStatus("client_encoding", "UTF8"), parameterStatus("standard_conforming_strings", "on"), parameterStatus("integer_datetimes", "on"),
		parameterStatus("DateStyle", "ISO, MDY"), parameterStatus("TimeZone", "UTC"), keyData(1, 1), ready('I'))
}

// trigger is the word in a statement at which a liar begins to lie.
const trigger = "now lie"

// until forwards what the daemon says, and what the server answers, until a message of the daemon
// holds the trigger; that one is not forwarded.
func (c *caller) until() bool {
	stop := make(chan struct{})
	silent := make(chan struct{})
	go func() {
		defer close(silent)
		buffer := make([]byte, 64<<10)
		for {
			n, err := c.server.Read(buffer)
			select {
			case <-stop:
				return
			default:
			}
			if _, e := c.Write(buffer[:n]); e != nil || err != nil {
				_ = c.Close()
				return
			}
		}
	}()
	defer func() {
		close(stop)
		_ = c.server.SetReadDeadline(time.Now())
		<-silent
	}()
	for first := true; ; {
		var said string
		if first {
			body, ok := c.packet()
			if !ok {
				return false
			}
			said = i32(len(body)+4) + string(body)
			if code := binary.BigEndian.Uint32(body); code != askTLS && code != askGSS {
				first = false
			}
		} else {
			kind, body, ok := c.hear()
			if !ok {
				return false
			}
			if strings.Contains(body, trigger) {
				return true
			}
			said = message(kind, body)
		}
		if _, err := io.WriteString(c.server, said); err != nil {
			return false
		}
	}
}
