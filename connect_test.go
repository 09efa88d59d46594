package unoactor_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/testkit"
)

// connected asks a database that Connect opened one thing, and closes it.
func connected(t *testing.T, url string, pool config.Pool, ask string) (answer string, err error) {
	t.Helper()
	pool.AcquireTimeout = 5 * time.Second
	db, err := unoactor.Connect(t.Context(), url, pool)
	if err != nil {
		return "", err
	}
	defer func() {
		if err := db.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	return answer, db.QueryRow(t.Context(), ask).Scan(&answer)
}

func TestConnectFollowsTheEnvironmentAsLibpqDoes(t *testing.T) {
	server := testkit.Postgres(t, testkit.ServerOptions{TLS: true, Auth: testkit.AuthSCRAM, Password: "right"})
	home := t.TempDir()
	for name, value := range map[string]string{"HOME": home, "PGHOST": "localhost", "PGPORT": strconv.Itoa(server.Port()), "PGUSER": server.User(), "PGPASSWORD": "right",
		"PGDATABASE": "template1", "PGAPPNAME": "shop", "PGOPTIONS": "-c work_mem=1234kB", "PGSSLMODE": "require"} {
		t.Setenv(name, value)
	}
	const ask = `select current_database() || ' ' || current_setting('application_name') || ' ' || current_setting('work_mem') || ' ' || (select ssl from pg_stat_ssl where pid = pg_backend_pid())`
	if got, err := connected(t, "", config.Pool{}, ask); err != nil || got != "template1 shop 1234kB true" {
		t.Errorf("all from the environment: %q, %v", got, err)
	}
	if got, err := connected(t, "postgres:///postgres?sslmode=disable&application_name=own", config.Pool{}, ask); err != nil || got != "postgres own 1234kB false" {
		t.Errorf("the URL goes first: %q, %v", got, err)
	}
	t.Setenv("PGSSLMODE", "verify-full")
	if _, err := connected(t, "postgres://", config.Pool{AcquireTimeout: time.Second}, ask); err == nil {
		t.Error("PGSSLMODE=verify-full: a server whose certificate nobody knows was connected to")
	}
	ca := filepath.Join(home, "ca.pem")
	if err := os.WriteFile(ca, server.CA().PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGSSLROOTCERT", ca)
	t.Setenv("PGSERVICE", "shop")
	if err := os.WriteFile(filepath.Join(home, ".pg_service.conf"), []byte("[shop]\ndbname=postgres\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := connected(t, "", config.Pool{}, ask); err != nil || got != "postgres shop 1234kB true" {
		t.Errorf("with its authority, and a service: %q, %v", got, err)
	}
	t.Setenv("PGHOST", "wrong.example")
	t.Setenv("PGHOSTADDR", "127.0.0.1")
	if _, err := connected(t, "", config.Pool{}, ask); err == nil {
		t.Error("a certificate for another host was taken")
	}
}

func TestConnectReadsWhatTheEnvironmentsSettingsPrint(t *testing.T) {
	server := testkit.Postgres(t, testkit.ServerOptions{Roles: []testkit.Role{{Name: "a@b:c/d?", Password: "p%40 +&="}}, Databases: []string{"sh/op?#%"}})
	for _, host := range []string{server.SocketDir(), "localhost", "127.0.0.1"} {
		for name, value := range map[string]string{"UNO_DB_HOST": host, "UNO_DB_PORT": strconv.Itoa(server.Port()), "UNO_DB_USER": "a@b:c/d?", "UNO_DB_PASSWORD": "p%40 +&=", "UNO_DB_NAME": "sh/op?#%"} {
			t.Setenv(name, value)
		}
		s, err := config.SettingsFromEnv()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := connected(t, s.ConnectionString(), config.Pool{}, "select current_user || ' ' || current_database()"); err != nil || got != "a@b:c/d? sh/op?#%" {
			t.Errorf("%s: %q, %v", host, got, err)
		}
	}
}

// never is a hook that is not to be reached.
type never struct{ t *testing.T }

func (n never) OnConnect(context.Context, *pgx.Conn) error { n.t.Error("it was reached"); return nil }

func TestAnOptionThatNamesWhatThereIsNotIsAnError(t *testing.T) {
	hook := never{t}
	top := config.Topology{Nodes: []config.Node{{Name: "main"}}, Pools: []config.Pool{{Name: "a", Node: "main"}, {Name: "b", Node: "main"}}}
	handler := &leaks{}
	for name, c := range map[string]struct {
		options []unoactor.Option
		want    string
	}{
		"hooks":             {[]unoactor.Option{unoactor.WithHooks("typo", hook)}, `WithHooks: there is no pool "typo": it has "a", "b"`},
		"hooks of default":  {[]unoactor.Option{unoactor.WithHooks("default", hook)}, `WithHooks: there is no pool "default": it has "a", "b"`},
		"hooks of a node":   {[]unoactor.Option{unoactor.WithHooks("main", hook)}, `WithHooks: there is no pool "main"`},
		"events of a pool":  {[]unoactor.Option{unoactor.WithEvents(handler, unoactor.InPool("typo"))}, `WithEvents: there is no pool "typo": it has "a", "b"`},
		"events of a node":  {[]unoactor.Option{unoactor.WithEvents(handler, unoactor.OnNode("a"))}, `WithEvents: there is no node "a": it has "main"`},
		"nobody's handler":  {[]unoactor.Option{unoactor.WithEvents(struct{}{})}, "WithEvents: a struct {} has none of the methods of a handler"},
		"no handler":        {[]unoactor.Option{unoactor.WithEvents(nil)}, "has none of the methods of a handler"},
		"a file's variable": {[]unoactor.Option{unoactor.WithVariable("x", "y")}, "WithVariable sets a variable of a topology file"},
	} {
		if sys, err := unoactor.New(t.Context(), top, c.options...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
			if err == nil {
				closing(t, sys)
			}
		}
	}
	for want, connect := range map[string]func() (*unoactor.DB, error){
		`WithHooks: there is no pool "default": it has "main"`: func() (*unoactor.DB, error) {
			return unoactor.Connect(t.Context(), "postgres://", config.Pool{Name: "main"}, unoactor.WithHooks("default", hook))
		},
		`pool "default": its Node is "main", and Connect has no other server`: func() (*unoactor.DB, error) {
			return unoactor.Connect(t.Context(), "postgres://", config.Pool{Node: "main"})
		},
		"WithVariable": func() (*unoactor.DB, error) {
			return unoactor.Connect(t.Context(), "postgres://", config.Pool{}, unoactor.WithVariable("x", "y"))
		},
	} {
		if _, err := connect(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	sys, err := unoactor.New(t.Context(), config.Topology{}, unoactor.WithHooks("later", hook))
	if err != nil {
		t.Fatal("a system that grows: ", err)
	}
	closing(t, sys)
	if _, err := sys.Register(t.Context(), config.Node{Name: "n"}, config.Pool{Name: "p", Node: "other"}); err == nil || !strings.Contains(err.Error(), `its Node is "other", and it is registered on node "n"`) {
		t.Error(err)
	}
	if err := sys.Add(t.Context(), config.Topology{Log: config.Log{Level: "debug"}}); err == nil || !strings.Contains(err.Error(), "takes nodes, pools and routes") {
		t.Error(err)
	}
}

// counted counts the backends that a pool connected.
type counted struct{ connected chan string }

func (c counted) OnConnect(ctx context.Context, px *pgx.Conn) error {
	c.connected <- px.Config().Database
	return nil
}

var _ conn.ConnectHook = counted{}

func TestHooksComeWithTheRegistration(t *testing.T) {
	server, database := testkit.Shared(t)
	node, err := config.ParseURL(server.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	sys, err := unoactor.New(t.Context(), config.Topology{})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, sys)
	hook := counted{make(chan string, 10)}
	db, err := sys.Register(t.Context(), node, config.Pool{Name: "orders"}, hook)
	if err != nil {
		t.Fatal(err)
	}
	if got := one[int](t, db, "select 1"); got != 1 || len(hook.connected) != 1 {
		t.Errorf("%d, %d connected", got, len(hook.connected))
	}
	if _, err := sys.Register(t.Context(), node, config.Pool{Name: "orders"}, hook); err == nil || !strings.Contains(err.Error(), "two of that name") {
		t.Error(err)
	}
}

// leaks is told of leaks.
type leaks struct {
	told chan messages.ConnectionLeaked
}

func (l *leaks) OnConnectionLeaked(e messages.ConnectionLeaked) { l.told <- e }

func TestWhoConnectsIsToldOfLeaksAndSubscribesToMore(t *testing.T) {
	server, database := testkit.Shared(t)
	l := &leaks{make(chan messages.ConnectionLeaked, 10)}
	db, err := unoactor.Connect(t.Context(), server.URL(database), config.Pool{Size: 2, LeakAfter: time.Millisecond}, unoactor.WithEvents(l))
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan string, 10)
	unoactor.Subscribe(db.System(), func(e messages.PoolDisposed) { closed <- e.Pool })
	lease, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if e := <-l.told; e.Pool != "default" {
		t.Errorf("%+v", e)
	}
	lease.Release()
	if err := db.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if got := <-closed; got != "default" {
		t.Error(got)
	}
	if open(t).System() == nil {
		t.Error("a database of a system has none")
	}
}

func TestAContextThatWasCancelledBeforeCloseRevokesNothing(t *testing.T) {
	server, database := testkit.Shared(t)
	service, stop := context.WithCancel(t.Context())
	db, err := unoactor.Connect(service, server.URL(database), config.Pool{})
	if err != nil {
		t.Fatal(err)
	}
	lease, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stop() // SIGTERM
	closed := make(chan error, 1)
	go func() { closed <- db.Close(service) }()
	for db.Ping(t.Context()) == nil { // until Close refuses
	}
	px, err := lease.Conn()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := px.Exec(t.Context(), "select pg_sleep(0.1)"); err != nil {
		t.Errorf("what is under way: %v", err)
	}
	lease.Release()
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestAContextThatEndsDuringCloseRevokesAtOnce(t *testing.T) {
	server, database := testkit.Shared(t)
	for name, ends := range map[string]func() (context.Context, context.CancelFunc){
		"its deadline is over": func() (context.Context, context.CancelFunc) {
			return context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		},
		"its deadline comes": func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 20*time.Millisecond)
		},
	} {
		db, err := unoactor.Connect(t.Context(), server.URL(database), config.Pool{DrainTimeout: config.Never})
		if err != nil {
			t.Fatal(err)
		}
		lease, err := db.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := ends()
		if err := db.Close(ctx); err == nil || !strings.Contains(err.Error(), "1 leases were revoked") {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		lease.Release()
	}
}
