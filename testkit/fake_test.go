package testkit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func fakeConn(t *testing.T, ctx context.Context, f *testkit.Fake) (*pgconn.PgConn, error) {
	t.Helper()
	config, err := f.Config()
	must(t, err)
	return pgconn.ConnectConfig(ctx, config)
}

func firstValue(conn *pgconn.PgConn, sql string) (string, error) {
	results, err := conn.Exec(context.Background(), sql).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

func TestAFakeAnswersFromItsTableAndFollowsTheTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := testkit.NewFake(testkit.Script{testkit.Login(), testkit.Answer(testkit.Answers{
			"SELECT 1":  {Columns: []string{"one"}, Rows: [][]string{{"1"}}},
			"bad thing": {Error: testkit.Error("ERROR", "23505", "taken")},
		})})
		conn, err := fakeConn(t, t.Context(), f)
		must(t, err)
		status := func(sql, code string, want byte) {
			_, err := firstValue(conn, sql)
			if (err != nil || code != "") && !testkit.IsSQLState(err, code) {
				t.Errorf("%s: %v", sql, err)
			}
			if got := conn.TxStatus(); got != want {
				t.Errorf("after %s: status %c, want %c", sql, got, want)
			}
		}
		if got, err := firstValue(conn, "SELECT 1;"); err != nil || got != "1" {
			t.Errorf("got %q, %v", got, err)
		}
		status("-- ping", "", 'I')
		status("BEGIN", "", 'T')
		status("bad thing", "23505", 'E')
		status("COMMIT", "", 'I')
		status("DISCARD ALL", "", 'I')
		must(t, f.Err())
		status("SELECT 2", "42601", 'I')
		must(t, conn.Close(t.Context()))
		if err := f.Close(); err == nil || !strings.Contains(err.Error(), `"SELECT 2"`) {
			t.Errorf("the unexpected query: %v", err)
		}
	})
}

func TestAnHourOfRefusedLoginsTakesNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		starting := testkit.Script{testkit.RefuseLogin("57P03", "the database system is starting up")}
		f := testkit.NewFake(starting, starting, testkit.Script{testkit.Wait(time.Hour), testkit.Login(), testkit.Answer(nil)})
		began := time.Now()
		for range 2 {
			if _, err := fakeConn(t, t.Context(), f); !testkit.IsSQLState(err, "57P03") {
				t.Errorf("got %v", err)
			}
		}
		conn, err := fakeConn(t, t.Context(), f)
		must(t, err)
		if took := time.Since(began); took != time.Hour || f.Connections() != 3 {
			t.Errorf("took %v with %d connections", took, f.Connections())
		}
		must(t, conn.Close(t.Context()))
		must(t, f.Close())
	})
}

func TestAHangingFakeLetsDeadlinesPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := testkit.NewFake(
			testkit.Script{testkit.Hang()},
			testkit.Script{testkit.Login(), testkit.Answer(testkit.Answers{"SELECT slow": {Instead: testkit.Script{testkit.Hang()}}})},
		)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := fakeConn(t, ctx, f); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a login that hangs: %v", err)
		}
		conn, err := fakeConn(t, t.Context(), f)
		must(t, err)
		ctx, cancel = context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := conn.Exec(ctx, "SELECT slow").Close(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a query that hangs: %v", err)
		}
		must(t, f.Close())
		<-conn.CleanupDone()
	})
}

func TestACancelRequestReachesTheConnectionItNamesAndPlaysNoScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := testkit.Script{
			testkit.Login(), testkit.AwaitQuery("SELECT slow"), testkit.AwaitCancel(),
			testkit.Send(testkit.Error("ERROR", "57014", "canceling statement"), &pgproto3.ReadyForQuery{TxStatus: 'I'}),
			testkit.Answer(nil),
		}
		second := testkit.Script{testkit.RefuseLogin("53300", "too many")}
		f := testkit.NewFake(first, second)
		conn, err := fakeConn(t, t.Context(), f)
		must(t, err)
		answer := make(chan error, 1)
		go func() { _, err := firstValue(conn, "SELECT slow"); answer <- err }()
		synctest.Wait()
		must(t, conn.CancelRequest(t.Context()))
		if err := <-answer; !testkit.IsSQLState(err, "57014") {
			t.Errorf("got %v", err)
		}
		if f.Cancels() != 1 || f.Connections() != 1 {
			t.Errorf("%d cancels, %d connections", f.Cancels(), f.Connections())
		}
		if _, err := fakeConn(t, t.Context(), f); !testkit.IsSQLState(err, "53300") {
			t.Errorf("the cancel request took a script: %v", err)
		}
		must(t, conn.Close(t.Context()))
		must(t, f.Close())
	})
}

func TestAFatalErrorAndGarbageEndTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := testkit.NewFake(
			testkit.Script{testkit.Login(), testkit.Answer(testkit.Answers{
				"SELECT 1": {Error: testkit.Error("FATAL", "57P01", "terminating connection")},
			})},
			testkit.Script{testkit.Login(), testkit.AwaitQuery(""), testkit.SendRaw([]byte("HTTP/1.1 400 Bad Request\r\n"))},
			testkit.Script{testkit.Login(), testkit.AwaitQuery("SELECT 1"), testkit.HangUp()},
		)
		for i, want := range []func(error) bool{
			func(err error) bool { return testkit.IsSQLState(err, "57P01") },
			func(err error) bool { return err != nil },
			func(err error) bool { return err != nil },
		} {
			conn, err := fakeConn(t, t.Context(), f)
			must(t, err)
			if _, err := firstValue(conn, "SELECT 1"); !want(err) {
				t.Errorf("connection %d: %v", i+1, err)
			}
			<-conn.CleanupDone()
		}
		must(t, f.Close())
	})
}

func TestAFakeServesTCPAndSkipsToSyncAfterAnExtendedQuery(t *testing.T) {
	testkit.CheckGoroutines(t)
	f := testkit.NewFake(testkit.Script{testkit.Login(), testkit.Answer(nil)})
	address, err := f.Listen()
	must(t, err)
	conn, err := pgx.Connect(t.Context(), "postgres://somebody@"+address+"/some?sslmode=prefer")
	must(t, err)
	if _, err := conn.Exec(t.Context(), "SELECT $1", 1); !testkit.IsSQLState(err, "0A000") {
		t.Errorf("got %v", err)
	}
	must(t, conn.Ping(t.Context()))
	must(t, f.Close())
	must(t, f.Close())
	if _, err := f.Listen(); err == nil {
		t.Error("a closed fake listens")
	}
	conn.Close(t.Context())
}

func TestAFakeAnswersWhatAPoolAsksForItself(t *testing.T) {
	f := testkit.NewFake(testkit.Script{testkit.Login(), testkit.Answer(testkit.Answers{"select 1": {Columns: []string{"one"}, Rows: [][]string{{"1"}}}})})
	sys, err := unoactor.New(t.Context(), config.Topology{
		Nodes: []config.Node{{Name: "fake", User: "fake", TLS: config.TLS{Mode: "disable"}}},
		Pools: []config.Pool{{Name: "default", Node: "fake", Size: 1, Reset: config.ResetDiscard, ValidateAfterIdle: time.Nanosecond}},
	}, unoactor.WithDial(f.Dial))
	must(t, err)
	db, err := sys.DB("default")
	must(t, err)
	for range 3 {
		_, err := db.Exec(t.Context(), "select 1")
		must(t, err)
	}
	must(t, sys.Close(t.Context()))
	must(t, f.Close())
}
