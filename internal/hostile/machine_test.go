package hostile_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// machineRows are about the machine, and those who run it.
var machineRows = []row{
	{
		name: "file descriptors run out", before: []string{"prlimit", "--nofile=64"},
		do: func(a *arena) {
			for range 200 {
				a.dial()
			}
		},
		locked: true, freed: 20 * time.Second,
	},
	{
		name: "file descriptors run out while a pool is used", before: []string{"prlimit", "--nofile=64"},
		do: func(a *arena) {
			a.several(100, func(int) {
				if p := a.dial(); p != nil {
					_ = p.send(startup("user", "app", "database", "default"), query("select pg_sleep(0.1)"))
				}
			})
			<-time.After(time.Second)
		},
		locked: true, freed: 20 * time.Second,
	},
	{
		name: "SIGHUP, again and again", do: func(a *arena) {
			p := a.login()
			_ = p.send(query("begin; select 1"))
			p.until(a, "Z:T", patience)
			for range 20 {
				if err := a.daemon.signal(syscall.SIGHUP); err != nil {
					a.Fatal(err)
				}
				<-time.After(5 * time.Millisecond)
			}
			_ = p.send(query("commit"))
			if got := p.until(a, "Z:I", patience); got != "Z:I" {
				a.Errorf("after SIGHUP: %s", got)
			}
		},
	},
	{
		name: "the process is stopped and goes on", do: func(a *arena) {
			for range 3 {
				_ = a.daemon.signal(syscall.SIGSTOP)
				for range 20 {
					if p := a.dial(); p != nil {
						_ = p.send(startup("user", "app", "database", "default"), query("select 1"))
					}
				}
				_ = a.daemon.signal(syscall.SIGCONT)
			}
		},
	},
	{
		name: "SIGTERM amid silent connections, logins, statements and transactions", ending: true, locked: true, gateway: `drain_timeout = "1s"`,
		do: func(a *arena) {
			for range 20 {
				a.must()
				_ = a.must().send("\x00\x00\x00")
				_ = a.login().send("Q\x00")
				_ = a.login().send(query("begin; select 1"))
				_ = a.login().send(query("select pg_sleep(600)"))
				_ = a.login().send(query("copy (select generate_series(1, 1000000)) to stdout"))
				_ = a.login().send(parse("", "select 1"), flush())
			}
		},
	},
	{
		name: "SIGTERM amid connecting and disconnecting", ending: true, locked: true,
		do: func(a *arena) {
			for range 8 {
				a.background(func(over <-chan struct{}) {
					for {
						select {
						case <-over:
							return
						default:
						}
						c, err := net.Dial("tcp", a.daemon.address)
						if err != nil {
							return
						}
						_, _ = c.Write([]byte(startup("user", "app", "database", "default") + query("select 1")))
						_ = c.Close()
					}
				})
			}
			<-time.After(200 * time.Millisecond)
		},
	},
	{
		name: "SIGTERM amid cancel requests", ending: true, locked: true,
		do: func(a *arena) {
			p := a.login()
			_ = p.send(query("select pg_sleep(600)"))
			a.several(200, func(int) {
				if c := a.dial(); c != nil {
					_ = c.send(packet(askCancel, p.secret))
				}
			})
		},
	},
	{
		name: "the folder of the Unix socket holds something else",
		do: func(a *arena) {
			for name, put := range map[string]func(path string) (still func() bool){
				"a file": func(path string) func() bool {
					if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
						a.Fatal(err)
					}
					return func() bool { b, err := os.ReadFile(path); return err == nil && string(b) == "precious" }
				},
				"a folder": func(path string) func() bool {
					if err := os.Mkdir(path, 0o700); err != nil {
						a.Fatal(err)
					}
					return func() bool { s, err := os.Stat(path); return err == nil && s.IsDir() }
				},
				"a link to a file": func(path string) func() bool {
					if err := os.WriteFile(path+".else", []byte("precious"), 0o600); err != nil {
						a.Fatal(err)
					}
					if err := os.Symlink(path+".else", path); err != nil {
						a.Fatal(err)
					}
					return func() bool { b, err := os.ReadFile(path); return err == nil && string(b) == "precious" }
				},
				"a socket that somebody listens on": func(path string) func() bool {
					l, err := net.Listen("unix", path)
					if err != nil {
						a.Fatal(err)
					}
					a.keepOpen(l)
					return func() bool {
						c, err := net.Dial("unix", path)
						if err == nil {
							_ = c.Close()
						}
						return err == nil
					}
				},
			} {
				topology, path := a.onSocket()
				still := put(path)
				d, err := launch(a, topology)
				if err == nil {
					a.Errorf("%s: it listens all the same", name)
					_, _, _ = d.stop(patience)
				}
				said, _, _ := d.said.read()
				if !strings.Contains(said, path) {
					a.Errorf("%s: it does not say where: %s", name, said)
				}
				if !still() {
					a.Errorf("%s is gone", name)
				}
			}
		},
	},
	{
		name: "the folder of the Unix socket holds the socket of a process that was killed",
		do: func(a *arena) {
			topology, path := a.onSocket()
			d := start(a, topology)
			_ = d.signal(syscall.SIGKILL)
			<-d.exited
			d = start(a, topology)
			c, err := net.Dial("unix", path)
			if err != nil {
				a.Error(err)
			} else {
				_ = c.Close()
			}
			if took, code, err := d.stop(patience); err != nil || code != 0 {
				a.Errorf("exit code %d after %v: %v", code, took, err)
			}
			if _, err := os.Lstat(path); err == nil {
				a.Error("the socket is left behind")
			}
		},
	},
	{
		name: "the port is taken", do: func(a *arena) {
			topology := strings.Replace(a.topology(row{}), "127.0.0.1:0", a.daemon.address, 1)
			d, err := launch(a, topology)
			if err == nil {
				a.Error("it listens all the same")
			}
			said, _, _ := d.said.read()
			if !strings.Contains(said, a.daemon.address) {
				a.Errorf("it does not say where: %s", said)
			}
		},
	},
	{
		name: "a second SIGTERM ends it at once", do: func(a *arena) {
			d := start(a, a.topology(row{gateway: `drain_timeout = "10m"`}))
			c, err := net.Dial("tcp", d.address)
			if err != nil {
				a.Fatal(err)
			}
			a.keep(c)
			_, _ = c.Write([]byte(startup("user", "app", "database", "default") + query("begin; select pg_sleep(3)")))
			<-time.After(200 * time.Millisecond)
			_ = d.signal(syscall.SIGTERM)
			<-time.After(200 * time.Millisecond)
			if d.ended() {
				a.Error("the first one did not wait for the transaction")
			}
			if took, code, err := d.stop(5 * time.Second); err != nil || code != 1 {
				a.Errorf("exit code %d after %v: %v", code, took, err)
			}
		},
	},
	{
		name: "SIGTERM as soon as it listens, and before it has connected", do: func(a *arena) {
			for range 5 {
				d := start(a, a.topology(row{pool: "min_idle = 4"}))
				if took, code, err := d.stop(usualStop); err != nil || code != 0 {
					a.Errorf("exit code %d after %v: %v", code, took, err)
				}
			}
		},
	},
}

// onSocket is a topology that listens on a Unix socket too, and where that will be.
func (a *arena) onSocket() (topology, path string) {
	dir, err := os.MkdirTemp("", "unoactor-hostile-socket-")
	if err != nil {
		a.Fatal(err)
	}
	a.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		a.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	topology = strings.Replace(a.topology(row{gateway: fmt.Sprintf("socket = %q", dir)}), "127.0.0.1:0", fmt.Sprint("127.0.0.1:", port), 1)
	return topology, filepath.Join(dir, fmt.Sprint(".s.PGSQL.", port))
}
