package hostile_test

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/unoactor/unoactor/testkit"
)

// atLogin is a server that lies to whoever connects.
func atLogin(name string, lie func(*caller), change ...func(*row)) row {
	r := row{
		name:  name,
		extra: func(a *arena) string { return a.lies("", lie) },
		do: func(a *arena) {
			for range 3 {
				p := a.must()
				_ = p.send(startup("user", "app", "database", "lied"), query("select 1"))
			}
			<-time.After(300 * time.Millisecond)
		},
		freed: 20 * time.Second,
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

// refusingRows are servers that nobody can log in to.
var refusingRows = []row{
	atLogin("hang up at once", func(*caller) {}),
	atLogin("reset", func(c *caller) { _ = c.Conn.(*net.TCPConn).SetLinger(0) }),
	atLogin("say nothing", (*caller).silent),
	atLogin("are an HTTP server", func(c *caller) { c.say("HTTP/1.1 400 Bad Request\r\n\r\n"); c.silent() }),
	atLogin("hang up after the request for encryption", func(c *caller) { c.packet() }),
	atLogin("answer the request for encryption with an E", func(c *caller) { c.packet(); c.say("E"); c.silent() }),
	atLogin("answer the request for encryption with an error", func(c *caller) {
		c.packet()
		c.say(failure("FATAL", "57P03", "starting up"))
		c.silent()
	}),
	atLogin("answer the request for encryption with nonsense", func(c *caller) { c.packet(); c.say(strings.Repeat("\xff", 1000)); c.silent() }),
	atLogin("promise encryption and have none", func(c *caller) { c.packet(); c.say("S"); c.silent() }),
	atLogin("promise encryption and hang up", func(c *caller) { c.packet(); c.say("S") }),
	atLogin("promise encryption and say nonsense", func(c *caller) { c.packet(); c.say("S", strings.Repeat("\x16\x03\x01\xff\xff", 1000)); c.silent() }),
	atLogin("send more than the answer about encryption", func(c *caller) {
		c.packet()
		c.say("N", authentication(0), keyData(1, 1), ready('I'))
		c.silent()
	}),
	atLogin("drip a byte at a time", func(c *caller) {
		for c.startup(); c.say(parameterStatus("", "")[:1]); {
			<-time.After(50 * time.Millisecond)
		}
	}),
	atLogin("ask for a password in clear without encryption", func(c *caller) {
		if c.startup() && c.say(authentication(3)) {
			if kind, body, ok := c.hear(); ok && kind == 'p' {
				c.arena.Errorf("the password was sent in clear: %q", body)
			}
		}
	}),
	atLogin("ask for an authentication that there is not", func(c *caller) { c.startup(); c.say(authentication(99)); c.silent() }),
	atLogin("ask for Kerberos", func(c *caller) { c.startup(); c.say(authentication(2)); c.silent() }),
	atLogin("ask for GSSAPI", func(c *caller) { c.startup(); c.say(authentication(7)); c.silent() }),
	atLogin("ask for MD5 with half a salt", func(c *caller) { c.startup(); c.say(authentication(5, "x")); c.silent() }),
	atLogin("know no SASL mechanism", func(c *caller) { c.startup(); c.say(authentication(10, "\x00")); c.silent() }),
	atLogin("know another SASL mechanism only", func(c *caller) { c.startup(); c.say(authentication(10, text("PLAIN"), "\x00")); c.silent() }),
	atLogin("want a SCRAM with iterations for an hour", scramServer("r=%s,s=c2FsdHNhbHRzYWx0c2FsdA==,i=2147483647")),
	atLogin("want a SCRAM without iterations", scramServer("r=%s,s=c2FsdHNhbHRzYWx0c2FsdA==,i=0")),
	atLogin("want a SCRAM with iterations below none", scramServer("r=%s,s=c2FsdHNhbHRzYWx0c2FsdA==,i=-5")),
	atLogin("want a SCRAM with a salt that is none", scramServer("r=%s,s=!!!,i=4096")),
	atLogin("want a SCRAM with a nonce of their own", scramServer("r=x%.0s,s=c2FsdA==,i=4096")),
	atLogin("want a SCRAM without a word", scramServer("%.0s")),
	atLogin("want a SCRAM and prove nothing", func(c *caller) {
		if nonce, ok := c.scramNonce(); ok && c.say(authentication(11, "r="+nonce+"x,s=c2FsdHNhbHRzYWx0c2FsdA==,i=4096")) {
			c.hear()
			c.say(authentication(12, "v="+base64.StdEncoding.EncodeToString(make([]byte, 32))), authentication(0), keyData(1, 1), ready('I'))
			c.silent()
		}
	}),
	atLogin("want a SCRAM, and let the daemon in before it is over", func(c *caller) {
		if _, ok := c.scramNonce(); ok {
			c.say(authentication(0), keyData(1, 1), ready('I'))
			c.hear()
		}
	}),
	atLogin("fail at the start-up packet", func(c *caller) { c.startup(); c.say(failure("FATAL", "57P03", "starting up")) }),
	atLogin("have no room", func(c *caller) { c.startup(); c.say(failure("FATAL", "53300", "too many")) }),
	atLogin("know no such role", func(c *caller) { c.startup(); c.say(failure("FATAL", "28000", "no such role")) }),
	atLogin("send an error without a code", func(c *caller) { c.startup(); c.say(message('E', "\x00")); c.silent() }),
	atLogin("send an error without an end", func(c *caller) { c.startup(); c.say(message('E', "SFATAL")); c.silent() }),
	atLogin("send an error of a MiB", func(c *caller) {
		c.startup()
		c.say(failure("FATAL", "57P03", strings.Repeat("x", 1<<20)))
	}, func(r *row) { r.log = 128 << 10 }),
	atLogin("fail after the authentication", func(c *caller) { c.startup(); c.say(authentication(0), failure("FATAL", "57P03", "going down")) }),
	atLogin("say nothing after the authentication", func(c *caller) { c.startup(); c.say(authentication(0)); c.silent() }),
	atLogin("hang up before they are ready", func(c *caller) { c.startup(); c.say(authentication(0), keyData(1, 1)) }),
	atLogin("say a bit of a message and stop", func(c *caller) { c.startup(); c.say(authentication(0)[:6]); c.silent() }),
	atLogin("say a bit of a message and hang up", func(c *caller) { c.startup(); c.say(authentication(0), parameterStatus("TimeZone", "UTC")[:8]) }),
	atLogin("send lengths that can't be", func(c *caller) { c.startup(); c.say(authentication(0), lying('S', 3, "x")); c.silent() }),
	atLogin("send lengths below none", func(c *caller) { c.startup(); c.say(authentication(0), lying('S', -1, "x")); c.silent() }),
	atLogin("promise a message of 2 GiB", func(c *caller) { c.startup(); c.say(authentication(0), lying('S', 1<<31-1, "x")); c.silent() }),
	atLogin("are ready before they were asked", func(c *caller) { c.say(ready('I'), ready('I')); c.silent() }),
	atLogin("send rows instead of a login", func(c *caller) { c.startup(); c.say(columns("a"), dataRow("1"), complete("SELECT 1")); c.silent() }),
	atLogin("send messages that there are not", func(c *caller) { c.startup(); c.say(message('!', "x"), message(0, "x")); c.silent() }),
	atLogin("send notices for ever", func(c *caller) {
		c.startup()
		for n := strings.Repeat(notice("00000", strings.Repeat("x", 1000)), 100); c.say(n); {
		}
	}),
	atLogin("report parameters for ever", func(c *caller) {
		c.startup()
		c.say(authentication(0))
		for i := 0; c.say(parameterStatus(fmt.Sprint("name", i), strings.Repeat("v", 1000))); i++ {
		}
	}, func(r *row) { r.grows = 64 }),
	atLogin("report one parameter of 30 MB", func(c *caller) {
		c.startup()
		c.say(authentication(0), parameterStatus("TimeZone", strings.Repeat("v", 30<<20)), keyData(1, 1), ready('I'))
		c.silent()
	}, func(r *row) { r.grows = 200 }),
	atLogin("are certified by nobody", (*caller).stranger, func(r *row) {
		r.extra = func(a *arena) string { return a.lies("  tls {\n mode = \"verify-full\"\n }", (*caller).stranger) }
		r.ending = true // the real server has no certificate at all
	}),
}

// scramServer wants a SCRAM; the format gets the daemon's nonce, which it makes longer.
func scramServer(format string) func(*caller) {
	return func(c *caller) {
		if nonce, ok := c.scramNonce(); ok {
			c.say(authentication(11, fmt.Sprintf(format, nonce+"x")))
			c.silent()
		}
	}
}

func (c *caller) scramNonce() (string, bool) {
	if !c.startup() || !c.say(authentication(10, text("SCRAM-SHA-256"), "\x00")) {
		return "", false
	}
	_, body, ok := c.hear()
	_, nonce, found := strings.Cut(body, ",r=")
	return nonce, ok && found
}

// stranger is a server that has a certificate of an authority that nobody knows.
func (c *caller) stranger() {
	ca, err := testkit.NewCA()
	if err != nil {
		c.arena.Error(err)
		return
	}
	certificate, key, err := ca.Issue("127.0.0.1")
	if err != nil {
		c.arena.Error(err)
		return
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		c.arena.Error(err)
		return
	}
	if c.packet(); !c.say("S") {
		return
	}
	s := tls.Server(c.Conn, &tls.Config{Certificates: []tls.Certificate{pair}})
	if s.Handshake() == nil {
		_, _ = s.Read(make([]byte, 1000))
	}
}
