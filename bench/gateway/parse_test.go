package gateway_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/unoactor/unoactor/bench/gateway"
	"github.com/unoactor/unoactor/config"
)

const pgbench15 = `pgbench (15.6)
transaction type: <builtin: select only>
scaling factor: 1
query mode: simple
number of clients: 16
number of threads: 2
maximum number of tries: 1
duration: 3 s
number of transactions actually processed: 46297
number of failed transactions: 0 (0.000%)
latency average = 1.036 ms
initial connection time = 3.500 ms
tps = 15444.488146 (without initial connection time)
`

func TestTheReportOfPgbenchIsRead(t *testing.T) {
	transactions, failed, latency, tps, err := gateway.ParseOutcome(pgbench15)
	if err != nil || transactions != 46297 || failed != 0 || latency != 1036*time.Microsecond || tps != 15444.488146 {
		t.Errorf("%d %d %v %v %v", transactions, failed, latency, tps, err)
	}
}

func TestOtherReportsOfPgbenchAreReadOrRefused(t *testing.T) {
	for name, c := range map[string]struct {
		report               string
		transactions, failed int
		good                 bool
	}{
		"a number of transactions was wanted": {"number of transactions actually processed: 90/100\nlatency average = 1 ms\ntps = 5 (x)\n", 90, 0, true},
		"some failed":                         {"number of transactions actually processed: 7\nnumber of failed transactions: 3 (30.0%)\nlatency average = 1 ms\ntps = 5 (x)\n", 7, 3, true},
		"none was done in time":               {"number of transactions actually processed: 0\nnumber of failed transactions: 0 (NaN%)\n", 0, 0, true},
		"no throughput":                       {"number of transactions actually processed: 7\nlatency average = 1 ms\n", 0, 0, false},
		"no number":                           {"number of transactions actually processed: many\nlatency average = 1 ms\ntps = 5 (x)\n", 0, 0, false},
		"nothing":                             {"", 0, 0, false},
	} {
		transactions, failed, _, _, err := gateway.ParseOutcome(c.report)
		if (err == nil) != c.good || c.good && (transactions != c.transactions || failed != c.failed) {
			t.Errorf("%s: %d, %d failed, %v", name, transactions, failed, err)
		}
	}
}

func TestTheStatusOfAProcessIsReadWhateverItsName(t *testing.T) {
	const rest = " S 1 7 7 0 -1 4194560 2215 0 11 0 250 50 0 0 20 0 1 0 9134 7045120 1530 18446744073709551615"
	for stat, want := range map[string]time.Duration{
		"42 (pgbouncer)" + rest:        3 * time.Second,
		"42 (a name (of) 1 2 )" + rest: 3 * time.Second,
	} {
		if got, err := gateway.ParseStat(stat); err != nil || got != want {
			t.Errorf("%q: %v, %v", stat, got, err)
		}
	}
	for _, stat := range []string{"", "42 (cut off) S 1 7 7", "42 (x) S 1 7 7 0 -1 4194560 2215 0 11 0 much 50 0"} {
		if got, err := gateway.ParseStat(stat); err == nil {
			t.Errorf("%q: %v", stat, got)
		}
	}
}

func TestThisProcessHasUsedCPUTime(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc")
	}
	// It works until a tick is seen: on a busy machine that takes longer than a tick.
	for began := time.Now(); ; {
		used, err := gateway.CPUTime(os.Getpid())
		if err != nil || used > time.Hour {
			t.Fatalf("%v, %v", used, err)
		}
		if used > 0 {
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Fatal("none, after 30 s of work")
		}
	}
}

func TestTheDaemonsTopologyIsGoodAndHasAsManyBackendsAsPgBouncer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "topology.hcl")
	if err := os.WriteFile(file, []byte(gateway.Topology(6432, 5432)), 0o600); err != nil {
		t.Fatal(err)
	}
	topology, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if p := topology.Pools[0]; p.Hard() != 20 || p.MinIdle != 20 || p.Mode != config.Transaction {
		t.Errorf("%+v", p)
	}
}

func TestAVersionIsTheFirstWordThatBeginsWithADigit(t *testing.T) {
	for text, want := range map[string]string{
		"PgBouncer 1.18.0\nlibevent 2.1.12-stable\n": "1.18.0",
		"pgbench (PostgreSQL) 15.18 (Debian)\n":      "15.18",
		"unknown\n":                                  "unknown",
		"":                                           "",
	} {
		if got := gateway.Version(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
