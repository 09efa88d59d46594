package unoactor_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// TestTheProcessThatDies is no test of its own: it is run by the next one as another
// process, which kills itself before a statement of a transaction over two databases.
func TestTheProcessThatDies(t *testing.T) {
	ports := os.Getenv(dyingPorts)
	if ports == "" {
		t.Skip("the next test runs it in a process of its own")
	}
	suicide := &interrupter{before: os.Getenv(dyingBefore), do: func(*pgx.Conn) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // it comes at once
	}}
	sys, err := unoactor.New(t.Context(), bankTopology(strings.Split(ports, ",")...), unoactor.WithTracer(suicide))
	if err != nil {
		t.Fatal(err)
	}
	t.Fatal("it survived: ", sys.Atomic(t.Context(), transfer))
}

func TestWhatAKilledProcessLeftPreparedIsRecovered(t *testing.T) {
	for name, c := range map[string]struct {
		before, prepared string
		commit           bool
	}{
		"killed before the coordinator's commit":   {"commit", "01", false},
		"killed between the decision and the rest": {"commit prepared", "01", true},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBank(t, [2]string{"0", "10"}) // so that north coordinates
			_, north, _ := strings.Cut(b.servers[0].Addr(), ":")
			_, south, _ := strings.Cut(b.servers[1].Addr(), ":")
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheProcessThatDies$")
			child.Env = append(os.Environ(), dyingPorts+"="+north+","+south, dyingBefore+"="+c.before)
			output, err := child.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("%v\n%s", err, output)
			}
			if got := b.left(t); got != c.prepared {
				t.Fatalf("prepared: %s", got)
			}
			var found []unoactor.Recovered
			for done := false; !done; { // its coordinator's server may not have noticed its death yet
				if found, err = b.sys.Recover(t.Context()); err != nil || len(found) != 1 {
					t.Fatalf("%+v, %v", found, err)
				}
				if done = found[0].Err == nil; !done && !strings.Contains(found[0].Err.Error(), "not decided yet") {
					t.Fatal(found[0].Err)
				}
			}
			if found[0].Pool != "south" || found[0].Commit != c.commit {
				t.Errorf("%+v", found)
			}
			want := [2]string{"1000", "1000"}
			if c.commit {
				want = [2]string{"990", "1010"}
			}
			if got := b.sums(t); got != want || b.left(t) != "00" {
				t.Errorf("%v, prepared %s", got, b.left(t))
			}
		})
	}
}

func TestRecoveryInTheBackgroundEndsWhatIsLeftAndNothingElse(t *testing.T) {
	b := openBank(t, [2]string{"10", "10"})
	id, err := b.servers[0].QueryValue(t.Context(), "postgres", "select system_identifier from pg_control_system()")
	if err != nil {
		t.Fatal(err)
	}
	xid, err := b.servers[0].QueryValue(t.Context(), "postgres", "select pg_current_xact_id()") // committed by now
	if err != nil {
		t.Fatal(err)
	}
	for i, gid := range []string{"unoactor:" + id + ":" + xid + ":1:north", "of somebody else", "unoactor:999:5:0:north", "unoactor:nonsense"} {
		if err := b.servers[1].Exec(t.Context(), "postgres", "begin; update accounts set balance = 7 where id = "+
			uitoa(uint32(i+1))+"; prepare transaction '"+gid+"'"); err != nil {
			t.Fatal(err)
		}
	}
	_, north, _ := strings.Cut(b.servers[0].Addr(), ":")
	_, south, _ := strings.Cut(b.servers[1].Addr(), ":")
	sys, err := unoactor.New(t.Context(), bankTopology(north, south), unoactor.WithRecovery(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for left := "4"; left != "3"; {
		if left, err = b.servers[1].QueryValue(t.Context(), "postgres", "select count(*) from pg_prepared_xacts"); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := b.servers[1].QueryValue(t.Context(), "postgres", "select count(*) from accounts where balance = 7"); err != nil || n != "1" {
		t.Errorf("%s accounts: %v", n, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := sys.Close(ctx); err != nil {
		t.Error(err)
	}
	found, err := b.sys.Recover(t.Context())
	if err != nil || len(found) != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	for i, want := range []string{"no pool of this topology is on its coordinator's server", "not of unoactor's making"} {
		if found[i].Err == nil || !strings.Contains(found[i].Err.Error(), want) {
			t.Errorf("%+v, want %q", found[i], want)
		}
	}
}

func TestWhatAnotherRolePreparedIsToldOfAndLeftToThatRole(t *testing.T) {
	server := testkit.Postgres(t, testkit.ServerOptions{Parameters: map[string]string{"max_prepared_transactions": "5"}, Roles: []testkit.Role{{Name: "former"}, {Name: "present"}}})
	node, err := config.ParseURL(server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	id, err := server.QueryValue(t.Context(), "postgres", "select system_identifier || ':' || pg_current_xact_id() from pg_control_system()")
	if err != nil {
		t.Fatal(err)
	}
	sys, err := unoactor.New(t.Context(), config.Topology{})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, sys)
	node.User, node.Password = "former", ""
	db, err := sys.Register(t.Context(), node, config.Pool{Name: "main"})
	if err != nil {
		t.Fatal(err)
	}
	gid := "unoactor:" + id + ":1:main"
	if _, err := db.Exec(t.Context(), "begin; prepare transaction '"+gid+"'"); err != nil {
		t.Fatal(err)
	}
	if err := db.Pool().Rotate(t.Context(), "present", ""); err != nil {
		t.Fatal(err)
	}
	only := func(role string) { // its backends are replaced one by one
		t.Helper()
		for one[int](t, db, "select count(*) from pg_stat_activity where usename <> '"+role+"' and application_name = current_setting('application_name') and pid <> pg_backend_pid()") > 0 ||
			one[string](t, db, "select current_user") != role {
		}
	}
	only("present")
	found, err := sys.Recover(t.Context())
	want := `role "former" prepared it, and role "present" may not end it: as "former" or as a superuser, in database "postgres", run: commit prepared '` + gid + "'"
	if err != nil || len(found) != 1 || found[0].GID != gid || found[0].Err == nil || found[0].Err.Error() != want {
		t.Fatalf("%+v, %v, want %s", found, err, want)
	}
	if err := db.Pool().Rotate(t.Context(), "postgres", config.Secret(server.Password())); err != nil {
		t.Fatal(err)
	}
	only("postgres")
	if found, err = sys.Recover(t.Context()); err != nil || len(found) != 1 || found[0].Err != nil {
		t.Fatalf("as a superuser: %+v, %v", found, err)
	}
}
