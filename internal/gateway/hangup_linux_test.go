package gateway_test

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"golang.org/x/sys/unix"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// hangsUp is a proxy that hangs up on a backend when it is ready for its first lease, while on is set.
func hangsUp(t *testing.T, server *testkit.Server, on *atomic.Bool) (port uint16) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	to := net.JoinHostPort(server.Host(), strconv.Itoa(server.Port()))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", to)
			if err != nil {
				_ = c.Close()
				continue
			}
			go func() { _, _ = io.Copy(s, c); _ = s.Close() }()
			go func() {
				defer c.Close()
				defer s.Close()
				var buf [1 << 14]byte
				for readies := 0; readies < 2 || !on.Load(); {
					n, err := s.Read(buf[:])
					if err != nil {
						return
					}
					readies += bytes.Count(buf[:n], []byte("Z\x00\x00\x00\x05I"))
					if readies >= 2 && on.Load() { // what it says and its end come together
						if raw, err := c.(*net.TCPConn).SyscallConn(); err == nil {
							_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_CORK, 1) })
						}
					}
					if _, err := c.Write(buf[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

func TestWhereTheServerHangsUpOnEachBackendAtOnceAClientIsToldInTime(t *testing.T) {
	server, database := testkit.Shared(t)
	var on atomic.Bool
	port := hangsUp(t, server, &on)
	w := startVia(t, server, database, port, func(p *config.Pool, g *config.Gateway) {
		p.Size, p.AcquireTimeout, g.QueryWait = 1, time.Second, time.Second
	})
	r := w.login(t)
	on.Store(true)
	if _, err := server.QueryValue(t.Context(), database, "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'unoactor'"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	got := r.query("select 1")
	stranger := w.dial(t)
	stranger.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30,
		Parameters: map[string]string{"user": "dev", "database": "default", "DateStyle": "german"}}) // which a server has to be asked about
	if got := stranger.hear(1); got != "FATAL:57P03 EOF" {
		t.Errorf("at login: %s", got)
	}
	if got != "E:57P03 Z:I" || time.Since(began) > 5*time.Second {
		t.Errorf("%s, after %v", got, time.Since(began))
	}
}
