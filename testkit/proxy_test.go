package testkit_test

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/unoactor/unoactor/testkit"
)

// echoServer answers each connection with what it gets.
func echoServer(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn) // the client ends it as it likes
			}()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// echo sends text and wants it back in time.
func echo(conn net.Conn, text string, within time.Duration) error {
	if _, err := conn.Write([]byte(text)); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, len(text)))
	return err
}

const (
	long  = 10 * time.Second
	short = 50 * time.Millisecond
)

func timedOut(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}

func TestAProxyForwardsAndCounts(t *testing.T) {
	testkit.CheckGoroutines(t)
	p := testkit.NewProxy(t, echoServer(t))
	conn := dial(t, p.Addr())
	must(t, echo(conn, "hello", long))
	if got, want := p.Stats(), (testkit.ProxyStats{Accepted: 1, Open: 1, ToClient: 5, ToServer: 5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	must(t, conn.(*net.TCPConn).CloseWrite())
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the end was not passed on: %v", err)
	}
}

func TestARefusingProxyKeepsItsPortAndItsConnections(t *testing.T) {
	p := testkit.NewProxy(t, echoServer(t))
	conn := dial(t, p.Addr())
	must(t, echo(conn, "a", long))
	for range 2 {
		must(t, p.Refuse())
		if _, err := net.Dial("tcp", p.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v", err)
		}
		must(t, echo(conn, "b", long))
		must(t, p.Pass())
		must(t, echo(dial(t, p.Addr()), "c", long))
	}
}

func TestAHangingProxyServesTheHeldOnesAfterPass(t *testing.T) {
	p := testkit.NewProxy(t, echoServer(t))
	old := dial(t, p.Addr())
	must(t, echo(old, "a", long))
	p.Hang()
	held := dial(t, p.Addr())
	if err := echo(held, "b", short); !timedOut(err) {
		t.Errorf("the new one: %v", err)
	}
	must(t, echo(old, "c", long))
	must(t, p.Pass())
	must(t, held.SetReadDeadline(time.Now().Add(long)))
	if _, err := io.ReadFull(held, make([]byte, 1)); err != nil {
		t.Errorf("after pass: %v", err)
	}
}

func TestABlackHoleIsSilentAndGivesBackWhatItHeld(t *testing.T) {
	p := testkit.NewProxy(t, echoServer(t))
	conn := dial(t, p.Addr())
	must(t, echo(conn, "a", long))
	p.BlackHole()
	if err := echo(conn, "b", short); !timedOut(err) {
		t.Errorf("got %v", err)
	}
	must(t, p.Pass())
	must(t, conn.SetReadDeadline(time.Now().Add(long)))
	got := make([]byte, 1)
	if _, err := io.ReadFull(conn, got); err != nil || got[0] != 'b' {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestDelayHoldsDataBackBothWays(t *testing.T) {
	p := testkit.NewProxy(t, echoServer(t))
	conn := dial(t, p.Addr())
	p.Delay(40 * time.Millisecond)
	start := time.Now()
	must(t, echo(conn, "a", long))
	if took := time.Since(start); took < 80*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

func TestResetAndDisconnectDifferInWhatThePeerSees(t *testing.T) {
	p := testkit.NewProxy(t, echoServer(t))
	for _, c := range []struct {
		end  func()
		want error
	}{{p.Reset, syscall.ECONNRESET}, {p.Disconnect, io.EOF}} {
		conn := dial(t, p.Addr())
		must(t, echo(conn, "a", long))
		c.end()
		must(t, conn.SetReadDeadline(time.Now().Add(long)))
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, c.want) {
			t.Errorf("got %v, want %v", err, c.want)
		}
	}
}

func TestCutAfterDeliversExactlyThatManyBytes(t *testing.T) {
	p := testkit.NewProxy(t, echoServer(t))
	old := dial(t, p.Addr())
	must(t, echo(old, "not counted", long))
	p.CutAfter(3, testkit.ToClient)
	for _, conn := range []net.Conn{old, dial(t, p.Addr())} {
		_, err := conn.Write([]byte("abcdef"))
		must(t, err)
		must(t, conn.SetReadDeadline(time.Now().Add(long)))
		got, err := io.ReadAll(conn)
		if string(got) != "abc" || timedOut(err) {
			t.Errorf("got %q, %v", got, err)
		}
	}
	must(t, p.Pass())
	must(t, echo(dial(t, p.Addr()), "whole again", long))
}

func TestAProxyWithoutATargetResetsItsClients(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, listener.Close())
	p := testkit.NewProxy(t, listener.Addr().String())
	conn, err := net.Dial("tcp", p.Addr())
	if err == nil { // the reset may be faster than the dial's return
		defer conn.Close()
		must(t, conn.SetReadDeadline(time.Now().Add(long)))
		_, err = conn.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v", err)
	}
}

func TestClosingAProxyInAnyFaultLeavesNoGoroutine(t *testing.T) {
	testkit.CheckGoroutines(t)
	target := echoServer(t)
	for name, fault := range map[string]func(*testkit.Proxy){
		"hang":       (*testkit.Proxy).Hang,
		"black hole": (*testkit.Proxy).BlackHole,
		"delay":      func(p *testkit.Proxy) { p.Delay(time.Hour) },
		"refuse":     func(p *testkit.Proxy) { _ = p.Refuse() },
	} {
		p, err := testkit.StartProxy(target)
		must(t, err)
		conn := dial(t, p.Addr())
		must(t, echo(conn, "a", long))
		fault(p)
		if name != "refuse" {
			if err := echo(dial(t, p.Addr()), "b", short); !timedOut(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		p.Close()
		p.Close()
	}
}

func TestPostgresWorksThroughAProxyUntilItFails(t *testing.T) {
	s, database := testkit.Shared(t)
	p := testkit.NewProxy(t, s.Addr())
	conn := connect(t, p.URL(s.URL(database)))
	must(t, conn.Ping(t.Context()))
	p.BlackHole()
	ctx, cancel := context.WithTimeout(t.Context(), short)
	defer cancel()
	if err := conn.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("in a black hole: %v", err)
	}
	must(t, p.Pass())
	p.Reset()
	must(t, connect(t, p.URL(s.URL(database))).Ping(t.Context()))
	through := testkit.NewProxy(t, s.SocketDir()+"/.s.PGSQL."+portOf(t, s.Addr()))
	unix := connect(t, "postgres://postgres@"+through.Addr()+"/"+database+"?sslmode=disable")
	must(t, unix.Ping(t.Context()))
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	must(t, err)
	return port
}
