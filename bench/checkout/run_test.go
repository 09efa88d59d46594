package checkout_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/bench/checkout"
	"github.com/unoactor/unoactor/bench/progress"
	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func server(t *testing.T) *testkit.Server {
	return testkit.Postgres(t, testkit.ServerOptions{Parameters: map[string]string{"max_connections": "250"}})
}

func TestEveryCaseIsMeasuredWithEveryPeerAndLeavesNoBackend(t *testing.T) {
	s := server(t)
	o := checkout.Options{URL: s.URL(""), Rounds: 2, Pass: time.Millisecond}
	results, err := checkout.Run(t.Context(), o, progress.New(io.Discard, time.Now))
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 16 {
		t.Errorf("%d cases", len(results))
	}
	for _, r := range results {
		for _, name := range checkout.Peers {
			samples := r.Samples[name]
			if len(samples) != o.Rounds {
				t.Errorf("%v: %d samples of %s", r.Case, len(samples), name)
			}
			for _, s := range samples {
				if s.Nanoseconds <= 0 || s.P50 < 0 || s.P99 < s.P50 || s.P999 < s.P99 {
					t.Errorf("%v: %s: %+v", r.Case, name, s)
				}
			}
		}
	}
	tables := checkout.Markdown(results, 50*time.Nanosecond)
	if n := strings.Count(tables, "\n| "); n != 3*(1+len(results)) {
		t.Errorf("%d lines in\n%s", n, tables)
	}
	testkit.CheckNoBackends(t, s, "")
}

func TestARunThatIsInterruptedEndsWithTheContextsErrorAndLeavesNoBackend(t *testing.T) {
	s := server(t)
	ctx, cancel := context.WithCancel(t.Context())
	stop := time.AfterFunc(300*time.Millisecond, cancel)
	defer stop.Stop()
	_, err := checkout.Run(ctx, checkout.Options{URL: s.URL(""), Rounds: 1000, Pass: time.Second}, progress.New(io.Discard, time.Now))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	testkit.CheckNoBackends(t, s, "")
}

func TestACrowdIsMeasuredWithEveryPeer(t *testing.T) {
	s := server(t)
	crowds, err := checkout.RunCrowd(t.Context(), s.URL(""), 500, 5000, progress.New(io.Discard, time.Now))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range crowds {
		if c.Nanoseconds <= 0 || c.WaiterBytes <= 0 || c.Behind < 0 || c.Behind > 10 {
			t.Errorf("%+v", c)
		}
	}
	if table := checkout.CrowdMarkdown(crowds, 500, 5000); strings.Count(table, "\n| ") != 1+len(checkout.Peers) {
		t.Errorf("table:\n%s", table)
	}
	testkit.CheckNoBackends(t, s, "")
}
