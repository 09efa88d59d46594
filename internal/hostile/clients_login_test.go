package hostile_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// byPassword is a gateway that wants passwords.
const byPassword = `auth = "scram-sha-256"`

// loginRows are clients that are not logged in.
var loginRows = []row{
	{
		name: "silent connections, as many as max_clients", gateway: `max_clients = 20`,
		do: func(a *arena) {
			for range 20 {
				a.must()
			}
		},
	},
	{
		name: "silent connections, far more than max_clients", gateway: `max_clients = 20`,
		do: func(a *arena) {
			for range 300 {
				a.dial()
			}
		},
	},
	{
		name: "silent connections from many addresses, far more than max_clients and max_logins", gateway: `max_clients = 20`, addresses: 200,
		do: func(a *arena) {
			for range 500 {
				a.dial()
			}
		},
	},
	{
		name: "silent connections from many addresses without an end", gateway: `max_clients = 20`, addresses: 200,
		do: func(a *arena) {
			a.background(func(over <-chan struct{}) {
				for {
					select {
					case <-over:
						return
					case <-time.After(2 * time.Millisecond):
						a.dial()
					}
				}
			})
			<-time.After(time.Second)
		},
	},
	{
		name: "passwords that are never sent, from many addresses", gateway: byPassword + "\n max_clients = 20", addresses: 200,
		do: func(a *arena) {
			for range 400 {
				if p := a.dial(); p != nil {
					_ = p.send(startup("user", "app", "database", "default"))
				}
			}
		},
	},
	{
		name: "three thousand silent connections", long: true,
		do: func(a *arena) { a.several(3000, func(int) { a.dial() }) },
	},
	{
		name: "silent connections where each login wants a password", gateway: byPassword + "\n max_clients = 20",
		do: func(a *arena) {
			for range 60 {
				if p := a.dial(); p != nil {
					_ = p.send(startup("user", "app", "database", "default"))
				}
			}
		},
	},
	{
		name: "start-up packets that are never finished", gateway: `max_clients = 20`,
		do: func(a *arena) {
			whole := startup("user", "app", "database", "default")
			for i := range len(whole) {
				_ = a.must().send(whole[:i])
			}
		},
	},
	{
		name: "start-up packets a byte at a time are cut off at login_timeout", gateway: `login_timeout = "1s"`,
		do: func(a *arena) {
			p := a.must()
			a.background(func(over <-chan struct{}) {
				p.drip(startup("user", "app", "database", "default", "application_name", strings.Repeat("x", 5000)), 20*time.Millisecond, over)
			})
			p.gone(a, usualHeld)
		},
	},
	{
		name: "a password a byte at a time is cut off at login_timeout", gateway: byPassword + "\n login_timeout = \"1s\"",
		do: func(a *arena) {
			p := a.must()
			_ = p.send(startup("user", "app"))
			p.until(a, "R::", usualHeld)
			a.background(func(over <-chan struct{}) {
				p.drip(scramFirst("n,,n=,r="+strings.Repeat("x", 3000)), 20*time.Millisecond, over)
			})
			p.gone(a, usualHeld)
		},
	},
	{
		name: "impossible lengths of start-up packets end the connection",
		do: func(a *arena) {
			for _, n := range []int{0, 1, 3, 4, 7, 10001, 1 << 20, 1 << 30, 1<<31 - 1, 1 << 31, -1, -8, -1 << 31} {
				p := a.must()
				_ = p.send(i32(n), i32(protocol3), "user\x00app\x00\x00")
				p.gone(a, usualHeld)
			}
		},
	},
	{
		name: "huge start-up packets that are promised and not sent", gateway: `login_timeout = "1s"`,
		do: func(a *arena) {
			for _, n := range []int{9000, 10000, 1 << 30} {
				p := a.must()
				_ = p.send(i32(n), i32(protocol3))
				p.gone(a, usualHeld)
			}
		},
	},
	{
		name: "encryption asked for again and again", gateway: `login_timeout = "2s"`,
		do: func(a *arena) {
			for _, codes := range [][]int{{askTLS}, {askGSS}, {askTLS, askGSS}, {askGSS, askTLS, askTLS}} {
				p := a.must()
				a.background(func(over <-chan struct{}) {
					for i := range 5000 {
						if p.send(packet(codes[i%len(codes)])) != nil {
							return
						}
					}
				})
				for range 5000 {
					if _, err := p.in.ReadByte(); err != nil {
						break
					}
				}
			}
		},
	},
	{
		name: "bytes behind a request for encryption", gateway: `login_timeout = "1s"`,
		do: func(a *arena) {
			for _, behind := range []string{
				startup("user", "app"), query("select 1"), "x", strings.Repeat("\x16\x03\x01", 100), packet(askTLS), packet(askCancel, i32(1), i32(1)),
				strings.Repeat(packet(askGSS), 1000),
			} {
				for _, code := range []int{askTLS, askGSS} {
					_ = a.must().send(packet(code), behind)
				}
			}
		},
	},
	{
		name: "start-up parameters by the ten thousand",
		do: func(a *arena) {
			for _, n := range []int{100, 1000, 2400, 10000, 100000} {
				var all []string
				for i := range n {
					all = append(all, fmt.Sprint("p", i%1000), "")
				}
				p := a.must()
				_ = p.send(startup(append([]string{"user", "app", "database", "default"}, all...)...))
				p.until(a, "Z:I", usualHeld)
			}
		},
	},
	{
		name: "start-up packets of another shape than name and value", gateway: `login_timeout = "1s"`,
		do: func(a *arena) {
			for _, body := range []string{
				"", "\x00", "user", "user\x00", "user\x00app", "user\x00app\x00", "user\x00\x00\x00", "\x00app\x00\x00", "user\x00app\x00database\x00",
				"user\x00app\x00user\x00other\x00\x00", "user\x00app\x00\x00behind\x00", "user\x00app\x00replication\x00maybe\x00\x00",
				"user\x00app\x00options\x00-c\x00\x00", "user\x00app\x00options\x00" + strings.Repeat("\\", 5000) + "\x00\x00",
				"user\x00app\x00options\x00" + strings.Repeat("-c a.b=c ", 1000) + "\x00\x00", "user\x00app\x00options\x00" + strings.Repeat(" ", 9000) + "\x00\x00",
				"user\x00app\x00_pq_.x\x00y\x00\x00", "user\x00" + strings.Repeat("u", 9000) + "\x00\x00", "user\x00a\nb\x1b[31m\x00\x00",
				"user\x00app\x00client_encoding\x00\xff\xfe\x00\x00", "user\x00app\x00DateStyle\x00nonsense\x00\x00",
			} {
				p := a.must()
				_ = p.send(packet(protocol3, body))
				p.until(a, "Z:I", usualHeld)
			}
		},
	},
	{
		name: "protocols that are not PostgreSQL's", gateway: `login_timeout = "1s"`,
		do: func(a *arena) {
			for _, said := range []string{
				"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "SSH-2.0-x\r\n", "\x00\x00\x00\x00", "*1\r\n$4\r\nPING\r\n",
				packet(2 << 16), packet(4<<16, "user\x00app\x00\x00"), packet(3<<16|9999, "user\x00app\x00\x00"), packet(0), packet(-1), packet(1234<<16 | 5681),
				strings.Repeat("\xff", 10000),
			} {
				p := a.must()
				_ = p.send(said)
				a.background(func(<-chan struct{}) { _, _ = p.in.WriteTo(nowhere{}) })
			}
		},
	},
	{
		name: "passwords that are guessed", gateway: byPassword,
		do: func(a *arena) {
			a.background(func(over <-chan struct{}) {
				a.several(400, func(i int) {
					select {
					case <-over:
					default:
						a.guess(fmt.Sprint("n=app,r=", i))
					}
				})
			})
			<-time.After(500 * time.Millisecond) // guessing goes on
		},
	},
	{
		name: "users that are guessed", gateway: byPassword,
		do: func(a *arena) {
			a.several(200, func(i int) {
				p := a.dial()
				if p == nil {
					return
				}
				_ = p.send(startup("user", fmt.Sprint(literal, i), "database", strings.Repeat("d", 2000)), scramFirst("n,,n=,r=x"))
				_, _ = p.next()
				_ = p.Close()
			})
		},
	},
	{
		name: "answers to the question for a password that SCRAM does not know", gateway: byPassword + "\n login_timeout = \"2s\"",
		do: func(a *arena) {
			a.several(len(badAnswers), func(i int) {
				p := a.must()
				_ = p.send(startup("user", "app"))
				_, _ = p.next()
				_ = p.send(badAnswers[i])
				p.gone(a, usualHeld)
			})
		},
	},
	{
		name: "a client hangs up at each byte of a conversation",
		do: func(a *arena) {
			whole := startup("user", "app", "database", "default") + query("begin; select '"+literal+"'") + parse("", "select $1") + bind("", "", "x") +
				describe('P', "") + execute("", 0) + flush() + syncMessage() + terminate()
			a.several(len(whole), func(i int) {
				p := a.dial()
				if p == nil {
					return
				}
				_ = p.send(whole[:i])
				_ = p.Close()
			})
		},
	},
	{
		name: "a client hangs up at each byte of a login with a password", gateway: byPassword,
		do: func(a *arena) {
			whole := startup("user", "app", "database", "default") + scramFirst("n,,n=,r=abcdefgh") + message('p', "c=biws,r=abcdefgh,p=eHh4") + query("select 1")
			a.several(len(whole), func(i int) {
				p := a.dial()
				if p == nil {
					return
				}
				_ = p.send(whole[:i])
				_ = p.Close()
			})
		},
	},
	{
		name: "five hundred connections at once",
		do: func(a *arena) {
			a.several(500, func(i int) {
				if p := a.dial(); p != nil {
					_ = p.send(startup("user", "app", "database", "default"))
				}
			})
		},
	},
	{
		name: "three thousand connections at once, each with a query", long: true,
		do: func(a *arena) {
			a.several(3000, func(i int) {
				if p := a.dial(); p != nil {
					_ = p.send(startup("user", "app", "database", "default"), query("select pg_sleep(0.01)"))
				}
			})
		},
		held: 60 * time.Second, grows: 256,
	},
	{
		name: "connecting and disconnecting at full speed",
		do: func(a *arena) {
			over := time.Now().Add(time.Second)
			a.several(32, func(int) {
				for time.Now().Before(over) {
					if p := a.dial(); p != nil {
						_ = p.Close()
					}
				}
			})
		},
	},
	{
		name: "logging in and disconnecting at full speed, each time with other parameters",
		do: func(a *arena) {
			over := time.Now().Add(time.Second)
			a.several(16, func(i int) {
				for n := 0; time.Now().Before(over); n++ {
					if p := a.dial(); p != nil {
						_ = p.send(startup("user", "app", "database", "default", "application_name", strings.Repeat(fmt.Sprint(i, n), 400)))
						_, _ = p.next()
						_ = p.Close()
					}
				}
			})
		},
	},
	{
		name: "databases that nobody has heard of, each another one",
		do: func(a *arena) {
			a.several(64, func(i int) {
				if p := a.dial(); p != nil {
					_ = p.send(startup("user", fmt.Sprint("u", i), "database", strings.Repeat(fmt.Sprint(i), 1000)))
					_ = p.SetReadDeadline(time.Now().Add(time.Second)) // a refusal may be told late
					_, _ = p.next()
					_ = p.Close()
				}
			})
		},
	},
	{
		name: "cancel requests with wrong keys",
		do: func(a *arena) {
			victim := a.login()
			_ = victim.send(query("select pg_sleep(1)"))
			a.several(2000, func(i int) {
				if p := a.dial(); p != nil {
					_ = p.send(packet(askCancel, i32(i), i32(i)))
					_ = p.Close()
				}
			})
			if got := victim.until(a, "Z:I", patience); got != "Z:I" {
				a.Errorf("the statement that the keys did not fit: %s", got)
			}
		},
	},
	{
		name: "cancel requests that are no such thing", gateway: `login_timeout = "1s"`,
		do: func(a *arena) {
			for _, body := range []string{"", "x", i32(1), i32(1) + "xyz", i32(1) + i32(1) + "x", i32(1) + strings.Repeat("k", 256), i32(-1) + strings.Repeat("k", 300),
				i32(1) + i32(1) + startup("user", "app")} {
				p := a.must()
				_ = p.send(packet(askCancel, body))
				p.gone(a, usualHeld)
			}
			for range 100 {
				_ = a.must().send(i32(16), i32(askCancel), i32(1)) // and never the rest
			}
		},
	},
	{
		name: "cancel requests with the right key, again and again",
		do: func(a *arena) {
			victim := a.login()
			a.several(300, func(int) {
				if p := a.dial(); p != nil {
					_ = p.send(packet(askCancel, victim.secret))
					_ = p.Close()
				}
			})
			_ = victim.send(query("select 1"))
			victim.until(a, "Z:I", patience)
		},
	},
}

func scramFirst(said string) string {
	return message('p', text("SCRAM-SHA-256")+i32(len(said))+said)
}

// guess is a login with a wrong proof of the password, which costs the guesser nothing.
func (a *arena) guess(bare string) {
	p := a.dial()
	if p == nil {
		return
	}
	defer p.Close()
	_ = p.SetDeadline(time.Now().Add(patience))
	_ = p.send(startup("user", "app", "database", "default"))
	if _, err := p.next(); err != nil {
		return
	}
	_ = p.send(scramFirst("n,," + bare))
	var head [9]byte
	if _, err := p.in.Read(head[:]); err != nil || head[0] != 'R' {
		return
	}
	rest := make([]byte, 0, 200)
	for !strings.Contains(string(rest), ",i=4096") {
		b, err := p.in.ReadByte()
		if err != nil {
			return
		}
		rest = append(rest, b)
	}
	nonce, _, _ := strings.Cut(strings.TrimPrefix(string(rest), "r="), ",")
	_ = p.send(message('p', "c=biws,r="+nonce+",p="+base64.StdEncoding.EncodeToString(make([]byte, 32))))
	_, _ = p.next()
}

// badAnswers are what a client may say instead of a SCRAM message.
var badAnswers = []string{
	message('p'), message('p', "\x00"), message('p', text(clientPassword)), message('p', text("SCRAM-SHA-1")+i32(-1)), message('p', text("SCRAM-SHA-256")),
	message('p', text("SCRAM-SHA-256")+i32(-1)), message('p', text("SCRAM-SHA-256")+i32(1<<30)+"n,,"), message('p', text("SCRAM-SHA-256")+i32(-2)+"n,,n=,r=x"),
	message('p', text("SCRAM-SHA-256-PLUS")+i32(9)+"n,,n=,r=x"), scramFirst(""), scramFirst("n"), scramFirst("n,,"), scramFirst("n,,n=,r="), scramFirst("y,,n=app,r=x"),
	scramFirst("n,a=postgres,n=app,r=x"), scramFirst("p=tls-unique,,n=app,r=x"), scramFirst("n,,m=ext,n=app,r=x"), scramFirst("n,,n=a=2Cb=3D=zz,r=x"),
	scramFirst("n,,n=\xff\xfe,r=\x00"), scramFirst("n,,n=app,r=" + strings.Repeat("r", 9000)), scramFirst("n,,n=app,r=x," + strings.Repeat("e=x,", 2000)),
	scramFirst("n,,n=app,r=x") + scramFirst("n,,n=app,r=x"), scramFirst("n,,n=app,r=x") + message('p', "c=biws"), scramFirst("n,,n=app,r=x") + message('p', "c=!!!,r=x,p=!!!"),
	message('p', "c=biws,r=x,p=eHh4"), lying('p', 1<<20, strings.Repeat("x", 70000)), lying('p', 1<<30), lying('p', -1), lying('p', 0), lying('p', 3),
	query("select 1"), syncMessage(), parse("", "select 1"), terminate(), "\x00\x00\x00\x00\x00", message('p', strings.Repeat("p", 60000)),
}
