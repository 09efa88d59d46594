package hostile_test

import (
	"strings"
	"time"
)

// queryRows are clients that are logged in and say what makes no sense, or too little of it.
var queryRows = []row{
	{
		name: "a byte a second in a transaction ends at idle_in_transaction", gateway: `idle_in_transaction = "1s"`,
		do: func(a *arena) {
			for range 2 * poolSize {
				a.work.Go(func() {
					p := a.must()
					_ = p.send(startup("user", "app", "database", "default"))
					if p.until(a, "Z:I", patience); p.send(query("begin; select 1")) != nil {
						return
					}
					p.until(a, "Z:T", patience)
					p.drip(query("select "+strings.Repeat("1 + ", 1000)+"1"), 300*time.Millisecond, a.over)
				})
			}
			<-time.After(500 * time.Millisecond)
		},
	},
	{
		name: "half of a query in a transaction ends at idle_in_transaction", gateway: `idle_in_transaction = "1s"`,
		do: halfMessage("begin; select 1", "Z:T"), held: 15 * time.Second,
	},
	{
		name: "half of a query ends at idle_timeout", gateway: `idle_timeout = "1s"`,
		do: halfMessage("select 1", "Z:I"), held: 15 * time.Second,
	},
	{
		name: "half of a Parse, of a Bind, of a CopyData ends at idle_in_transaction", gateway: `idle_in_transaction = "1s"`,
		do: func(a *arena) {
			halves := []string{
				parse("", strings.Repeat("x", 40000))[:30000], bind("", "", strings.Repeat("x", 40000))[:30000], message('d', strings.Repeat("x", 40000))[:30000],
				message('F', strings.Repeat("x", 40000))[:30000], "Q", "Q\x00\x00", lying('Q', 1<<29, "select"),
			}
			a.several(len(halves), func(i int) {
				p := a.must()
				_ = p.send(startup("user", "app", "database", "default"), query("begin; select 1"))
				p.until(a, "Z:T", patience)
				_ = p.send(halves[i])
				if got := p.gone(a, usualHeld); !strings.Contains(got, "F:25P03") {
					a.Errorf("%q: %s", halves[i][:min(len(halves[i]), 9)], got)
				}
			})
		},
	},
	{
		name: "Parse, Flush and silence end at idle_timeout", gateway: `idle_timeout = "1s"` + "\n" + `idle_in_transaction = "1s"`,
		do: silence(parse("", "select 1") + flush()),
	},
	{
		name: "a portal that is not read to its end, and silence, end at idle_timeout", gateway: `idle_timeout = "1s"` + "\n" + `idle_in_transaction = "1s"`,
		do: silence(parse("", "select generate_series(1, 100000)") + bind("", "") + execute("", 10) + flush()),
	},
	{
		name: "an error, Flush and silence end at idle_timeout", gateway: `idle_timeout = "1s"` + "\n" + `idle_in_transaction = "1s"`,
		do: silence(parse("", "selekt") + flush()),
	},
	{
		name: "a COPY that is begun and left ends at idle_timeout", gateway: `idle_timeout = "1s"` + "\n" + `idle_in_transaction = "1s"`,
		do: silence(query("create temp table c (a text) on commit drop; copy c from stdin"), query("begin; create temp table c (a text) on commit drop; copy c from stdin")),
	},
	{
		name: "a client that never reads a large result ends at write_timeout", gateway: `write_timeout = "1s"`,
		do: func(a *arena) {
			for range 2 * poolSize {
				_ = a.login().send(query("select repeat('x', 1000), generate_series(1, 1000000)"))
			}
		},
		held: 20 * time.Second,
	},
	{
		name: "clients that never read large results are ended by a shutdown", gateway: `drain_timeout = "1s"`, ending: true, locked: true,
		do: func(a *arena) {
			for range poolSize {
				_ = a.login().send(query("select repeat('x', 1000), generate_series(1, 1000000)"))
			}
			for range poolSize {
				_ = a.login().send(query("copy (select repeat('x', 1000), generate_series(1, 1000000)) to stdout"))
			}
		},
	},
	{
		name: "clients that never read large results and hang up",
		do: func(a *arena) {
			for range poolSize {
				p := a.login()
				_ = p.send(query("select repeat('x', 1000), generate_series(1, 100000000)"))
				if _, err := p.next(); err != nil {
					a.Error(err)
				}
				_ = p.Close()
			}
		},
	},
	{
		name: "messages longer than max_message", gateway: `max_message = "64KiB"`,
		do: func(a *arena) {
			for _, kind := range "QPBDECFdcf" {
				p := a.login()
				_ = p.send(lying(byte(kind), 65*1024, strings.Repeat("x", 100)))
				if got := p.gone(a, usualHeld); !strings.Contains(got, "54000") && !strings.Contains(got, "08P01") {
					a.Errorf("%c: %s", kind, got)
				}
			}
		},
	},
	{
		name: "a GiB is promised and not sent",
		do: func(a *arena) {
			for _, kind := range "QPBFd" {
				for range 20 {
					_ = a.login().send(lying(byte(kind), 1<<30, strings.Repeat("x", 100)))
				}
			}
		},
	},
	{
		name: "lengths that can't be end the connection",
		do: func(a *arena) {
			for _, kind := range "QPBDECHSXFdcfp" {
				for _, n := range []int{0, 1, 3, -1, -4, -1 << 31, 1<<31 - 1} {
					p := a.login()
					_ = p.send(lying(byte(kind), n, strings.Repeat("\x00", 8)))
					if n < 4 && n != -1<<31 || kind == 'X' {
						p.gone(a, usualHeld)
					}
					_ = p.Close()
				}
			}
		},
	},
	{
		name: "counts that can't be are errors, and the session lives",
		do: func(a *arena) {
			for _, m := range wrongBodies {
				p := a.login()
				_ = p.send(parse("", "select $1::text"), m, syncMessage(), query("select 1"))
				got := p.until(a, "Z:I", usualHeld)
				if !strings.Contains(got, "EOF") {
					got += " " + p.until(a, "Z:I", usualHeld)
				}
				if !strings.Contains(got, "E:") && !strings.Contains(got, "F:") {
					a.Errorf("%q: %s", m, got)
				}
				_ = p.Close()
			}
		},
	},
	{
		name: "messages of every kind that there is not",
		do: func(a *arena) {
			a.several(256, func(kind int) {
				if strings.ContainsRune("QPBDECHSXFdcf", rune(kind)) {
					return
				}
				p := a.login()
				_ = p.send(message(byte(kind), "body"), syncMessage(), query("select 1"))
				if got := p.gone(a, usualHeld); !strings.Contains(got, "08P01") {
					a.Errorf("%q: %s", rune(kind), got)
				}
			})
		},
	},
	{
		name: "messages at random", do: func(a *arena) {
			const kinds = "QPBDECHSFdcfp"
			for range 60 {
				p := a.login()
				a.swallow(p)
				for range 30 {
					body := make([]byte, a.random.IntN(60))
					for i := range body {
						body[i] = byte(a.random.IntN(4) * a.random.IntN(64))
					}
					if p.send(message(kinds[a.random.IntN(len(kinds))], string(body))) != nil {
						break
					}
				}
				_ = p.Close()
			}
		},
	},
	{
		name: "good messages in any order", do: func(a *arena) {
			good := []string{
				query("select 1"), query("begin"), query("commit"), query("selekt"), query(""), query("copy t from stdin"), query("copy (select 1) to stdout"),
				parse("", "select $1::text"), parse("", "selekt"), parse("", "begin"), parse("", ""), parse("named", "select 1"), bind("", "", "x"), bind("p", "", "x"),
				bind("", ""), describe('S', ""), describe('P', ""), execute("", 0), execute("", 1), execute("p", 0), message('C', "S\x00"), message('C', "Pp\x00"),
				flush(), syncMessage(), syncMessage(), syncMessage(), message('d', "1\n"), message('c'), message('f', "no\x00"), parse("", "copy t from stdin"), query("listen a"),
				message('F', i32(1)+i16(0)+i16(0)+i16(0)),
			}
			if err := a.server.Exec(a.Context(), a.database, "create table if not exists t (a text); grant all on t to public"); err != nil {
				a.Fatal(err)
			}
			for range 80 {
				p := a.login()
				a.swallow(p)
				for range a.random.IntN(20) {
					if p.send(good[a.random.IntN(len(good))]) != nil {
						break
					}
				}
				if a.random.IntN(2) == 0 {
					_ = p.Close()
				}
			}
			<-time.After(200 * time.Millisecond)
		},
		locked: true, // those who began a transaction keep their backends, as they would at PostgreSQL
	},
	{
		name: "texts without an end, or with more than one",
		do: func(a *arena) {
			for _, m := range []string{
				message('Q', "select 1"), message('Q'), message('Q', "select 1\x00select 2\x00"), message('Q', "\x00\x00"), message('P', "no end"), message('P', "\x00no end"),
				message('P', "\x00select 1\x00"), message('B', "no end"), message('B', "\x00no end"), message('D', "S"), message('D'), message('E', "\x00"), message('E'),
				message('C'), message('C', "S"), message('f', "no end"), message('f'), message('D', "Xname\x00"), message('C', "Xname\x00"), message('S', "more"), message('H', "more"),
				message('c', "more"), message('X', "more"),
			} {
				p := a.login()
				_ = p.send(m, syncMessage(), terminate())
				p.gone(a, usualHeld)
			}
		},
	},
	{
		name: "Terminate with more behind it", do: func(a *arena) {
			for range 20 {
				p := a.login()
				_ = p.send(query("begin; select 1"), terminate(), query("select '"+literal+"'"), strings.Repeat(syncMessage(), 1000))
				p.gone(a, usualHeld)
			}
		},
	},
	{
		name: "a client that closes its writing half and reads on", do: func(a *arena) {
			for _, said := range []string{query("select pg_sleep(0.2)"), query("begin; select 1"), parse("", "select 1") + flush(), "Q\x00"} {
				p := a.login()
				_ = p.send(said)
				if err := p.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
					a.Error(err)
				}
				p.gone(a, usualHeld)
			}
		},
	},
	{
		name: "Syncs amid a COPY", do: func(a *arena) {
			if err := a.server.Exec(a.Context(), a.database, "create table if not exists sunk (a text); grant all on sunk to public"); err != nil {
				a.Fatal(err)
			}
			for range 30 {
				for _, n := range []int{1, 2, 5} {
					p := a.login()
					_ = p.send(parse("", "copy sunk from stdin"), bind("", ""), execute("", 0), strings.Repeat(syncMessage(), n), message('c'), syncMessage())
					p.until(a, "Z:I", usualHeld)
					_ = p.send(query("select 1"))
					if got := p.until(a, "Z:I", usualHeld); got != "Z:I" {
						a.Errorf("%d Syncs in a COPY, then a query: %s", n, got)
					}
					_ = p.Close()
				}
			}
		},
	},
	{
		name: "CopyData, CopyDone and CopyFail where nothing is copied", do: func(a *arena) {
			p := a.login()
			_ = p.send(strings.Repeat(message('d', "x\n")+message('c')+message('f', "no\x00"), 20000), query("select 1"))
			if got := p.until(a, "Z:I", patience); got != "Z:I" {
				a.Error(got)
			}
		},
	},
	{
		name: "clients that are killed in a query, a transaction, a COPY", do: func(a *arena) {
			for i := range 12 {
				p := a.login()
				switch i % 4 {
				case 0:
					_ = p.send(query("select pg_sleep(600)"))
				case 1:
					_ = p.send(query("begin; select pg_advisory_xact_lock(1)"))
				case 2:
					_ = p.send(query("begin; create temp table c (a text) on commit drop; copy c from stdin"), message('d', "x\n"))
				case 3:
					_ = p.send(parse("", "select generate_series(1, 100000)"), bind("", ""), execute("", 10), flush())
				}
				if i%2 == 0 {
					reset(p)
				}
				_ = p.Close()
			}
		},
	},
}

// halfMessage is as many clients as twice the pool, which stop amid a query.
func halfMessage(first, status string) func(*arena) {
	return func(a *arena) {
		for range 2 * poolSize {
			a.work.Go(func() {
				p := a.must()
				_ = p.send(startup("user", "app", "database", "default"))
				p.until(a, "Z:I", patience)
				_ = p.send(query(first))
				p.until(a, status, patience)
				_ = p.send(query(strings.Repeat("x", 1<<20))[:20000])
			})
		}
		<-time.After(300 * time.Millisecond)
	}
}

// silence is as many clients as twice the pool for each of the words, who say no more.
func silence(words ...string) func(*arena) {
	return func(a *arena) {
		for i := range 2 * poolSize * len(words) {
			_ = a.login().send(words[i%len(words)])
		}
	}
}

func reset(p *peer) {
	if c, ok := p.Conn.(interface{ SetLinger(int) error }); ok {
		_ = c.SetLinger(0) // closing it resets it
	}
}

// wrongBodies are Parse, Bind and others whose counts don't fit what they have.
var wrongBodies = []string{
	message('B', "\x00\x00"+i16(-1)), message('B', "\x00\x00"+i16(0)+i16(-1)), message('B', "\x00\x00"+i16(0)+i16(1)+i32(-2)), message('B', "\x00\x00"+i16(0)+i16(1)+i32(1<<30)+"x"+i16(0)),
	message('B', "\x00\x00"+i16(0)+i16(32767)), message('B', "\x00\x00"+i16(0)+i16(-1)+strings.Repeat(i32(-1), 65535)+i16(0)), message('B', "\x00\x00"+i16(3)+i16(0)),
	message('B', "\x00\x00"+i16(0)+i16(1)+i32(1)+"x"+i16(-1)), message('B', "\x00\x00"+i16(1)+i16(7)+i16(1)+i32(1)+"x"+i16(0)),
	message('B', "\x00\x00"+i16(0)+i16(1)+i32(-1<<31)+i16(0)), message('B', "\x00\x00"+i16(0)+i16(1)+i32(1)+"x"+i16(0)+"more"),
	message('P', "\x00select 1\x00"+i16(-1)), message('P', "\x00select 1\x00"+i16(32767)), message('P', "\x00select 1\x00"+i16(1)), message('P', "\x00select 1\x00"+i16(0)+"more"),
	message('E', "\x00"+i16(1)), message('E', "none\x00"+i32(-1)), message('D', "Snone\x00"), message('F', i32(-1)+i16(-1)), message('F', i32(1)+i16(0)+i16(1)+i32(1<<30)+"x"),
	message('F'),
}
