package unohealth_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unohealth"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

type answer struct {
	Status string
	Pools  map[string]struct {
		Status  string
		Details []string
		Metrics map[string]any
	}
	Error string

	code int
	text string
}

// ask sends a request over HTTP and reads the answer.
func ask(t *testing.T, server *httptest.Server, method, query string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/readyz"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := response.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control: %q", got)
	}
	if got := response.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type: %q", got)
	}
	a := answer{code: response.StatusCode, text: string(text)}
	if method == http.MethodHead {
		if len(text) != 0 {
			t.Errorf("a body for HEAD: %s", text)
		}
		return a
	}
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return a
}

func serve(t *testing.T, sys *unoactor.System, options ...unohealth.Option) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(unohealth.Handler(sys, options...))
	t.Cleanup(server.Close)
	return server
}

func TestTheAnswerFollowsThePoolsThroughFullAndDeadAndBack(t *testing.T) {
	postgres := testkit.Postgres(t)
	sys := open(t, topology(postgres, "postgres", "default", "analytics"))
	web := serve(t, sys)
	a := ask(t, web, http.MethodGet, "")
	if a.code != 200 || a.Status != "OK" || len(a.Pools) != 2 || a.Pools["analytics"].Status != "OK" || a.Pools["default"].Metrics["hard_limit"] != 2. {
		t.Errorf("all is well: %d %s", a.code, a.text)
	}

	db := pool(t, sys, "default")
	var leases []unoactor.Lease
	for range db.Stats().HardLimit {
		l, err := db.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leases = append(leases, l)
	}
	a = ask(t, web, http.MethodGet, "")
	if p := a.Pools["default"]; a.code != 200 || a.Status != "WARNING" || p.Status != "WARNING" || !strings.Contains(strings.Join(p.Details, ";"), "in use") {
		t.Errorf("full: %d %s", a.code, a.text)
	}
	if a.Pools["analytics"].Status != "OK" {
		t.Errorf("the other pool: %s", a.text)
	}
	for _, l := range leases {
		l.Release()
	}

	if err := postgres.Kill(); err != nil {
		t.Fatal(err)
	}
	a = ask(t, web, http.MethodGet, "")
	if p := a.Pools["default"]; a.code != 503 || a.Status != "CRITICAL" || p.Status != "CRITICAL" || len(p.Details) == 0 {
		t.Errorf("dead: %d %s", a.code, a.text)
	}
	if head := ask(t, web, http.MethodHead, ""); head.code != 503 {
		t.Errorf("HEAD of dead: %d", head.code)
	}
	if err := postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Nobody uses a service that is not ready: it must be found well without.
	for deadline := time.Now().Add(15 * time.Second); ; <-time.After(10 * time.Millisecond) {
		if a = ask(t, web, http.MethodGet, ""); a.code == 200 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("never back: %d %s", a.code, a.text)
		}
	}
	if head := ask(t, web, http.MethodHead, ""); head.code != 200 {
		t.Errorf("HEAD: %d", head.code)
	}
}

func TestOnePoolMayBeAskedFor(t *testing.T) {
	server, database := testkit.Shared(t)
	top := topology(server, database, "default", "broken")
	top.Pools[1].Database = "there_is_no_such"
	web := serve(t, open(t, top))
	if a := ask(t, web, http.MethodGet, "?pool=default"); a.code != 200 || len(a.Pools) != 1 {
		t.Errorf("%d %s", a.code, a.text)
	}
	if a := ask(t, web, http.MethodGet, "?pool=broken"); a.code != 503 || !strings.Contains(a.text, "there_is_no_such") {
		t.Errorf("%d %s", a.code, a.text)
	}
	if a := ask(t, web, http.MethodGet, ""); a.code != 503 || a.Status != "CRITICAL" || a.Pools["default"].Status != "OK" {
		t.Errorf("the worst decides: %d %s", a.code, a.text)
	}
	if a := ask(t, web, http.MethodGet, "?pool=missing"); a.code != 404 || !strings.Contains(a.Error, "default") {
		t.Errorf("a pool that there is not: %d %s", a.code, a.text)
	}
	if a := ask(t, web, http.MethodPost, ""); a.code != 405 || a.Error == "" {
		t.Errorf("POST: %d %s", a.code, a.text)
	}
}

func TestNoAnswerHasAPasswordAndABriefOneNoReason(t *testing.T) {
	server := testkit.Postgres(t, testkit.ServerOptions{Auth: testkit.AuthSCRAM, Roles: []testkit.Role{{Name: "app", Password: "right"}}})
	top := topology(server, "postgres", "default")
	top.Nodes[0].User, top.Nodes[0].Password = "app", config.Secret("hunter2")
	sys := open(t, top)
	a := ask(t, serve(t, sys), http.MethodGet, "")
	if a.code != 503 || !strings.Contains(a.text, "28P01") {
		t.Errorf("a wrong password: %d %s", a.code, a.text)
	}
	if strings.Contains(a.text, "hunter2") {
		t.Errorf("the password is told: %s", a.text)
	}
	a = ask(t, serve(t, sys, unohealth.WithoutDetails()), http.MethodGet, "")
	if p := a.Pools["default"]; a.code != 503 || p.Status != "CRITICAL" || len(p.Details) != 0 || len(p.Metrics) != 0 || strings.Contains(a.text, "app") {
		t.Errorf("brief: %d %s", a.code, a.text)
	}
}

func TestAServerThatSaysNothingIsCriticalInBoundedTime(t *testing.T) {
	server := testkit.Postgres(t)
	sys := open(t, topology(server, "postgres", "one", "two", "three"))
	for _, name := range []string{"one", "two", "three"} {
		if err := pool(t, sys, name).Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	web := serve(t, sys, unohealth.Timeout(50*time.Millisecond))
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	var asked sync.WaitGroup
	for range 4 { // it returns at all, and for all who ask at once
		asked.Go(func() {
			if a := ask(t, web, http.MethodGet, ""); a.code != 503 || a.Pools["three"].Status != "CRITICAL" {
				t.Errorf("frozen: %d %s", a.code, a.text)
			}
		})
	}
	asked.Wait()
	server.Thaw()
}

func TestWhatIsNothingIsNotHealthy(t *testing.T) {
	server := serve(t, nil, nil, unohealth.Timeout(0))
	if a := ask(t, server, http.MethodGet, ""); a.code != http.StatusServiceUnavailable || a.Error == "" {
		t.Errorf("a handler of nothing: %d, %s", a.code, a.text)
	}
	if err := unohealth.Check(nil)(t.Context()); err == nil {
		t.Error("a pool that is nil is healthy")
	}
}

func TestAClosedSystemIsCriticalAndAnEndlessAnswerIsNot(t *testing.T) {
	postgres, database := testkit.Shared(t)
	sys, err := unoactor.New(t.Context(), config.Topology{
		Nodes: []config.Node{{Name: "main", Host: postgres.Host(), Port: uint16(postgres.Port()), User: postgres.User(), Password: config.Secret(postgres.Password()), Database: database}},
		Pools: []config.Pool{{Name: "default", Node: "main", Size: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, sys, unohealth.Timeout(-time.Second))
	if a := ask(t, server, http.MethodGet, ""); a.code != http.StatusOK {
		t.Errorf("%d, %s", a.code, a.text)
	}
	for range 2 {
		if err := sys.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a := ask(t, server, http.MethodGet, ""); a.code != http.StatusServiceUnavailable || a.Status != "CRITICAL" {
			t.Errorf("closed: %d, %s", a.code, a.text)
		}
	}
}
