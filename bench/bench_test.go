package main_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bench "github.com/unoactor/unoactor/bench"
	"github.com/unoactor/unoactor/bench/checkout"
	"github.com/unoactor/unoactor/bench/gateway"
)

func TestTheCommandLineSaysWhatIsMeasuredAndHowLong(t *testing.T) {
	full := bench.ParsedOptions{
		Checkout: true, Gateway: true, CheckoutRounds: 5, Pass: 300 * time.Millisecond,
		GatewayRounds: 3, MostClients: 256, Run: 5 * time.Second, Dir: "bench/out",
	}
	change := func(f func(*bench.ParsedOptions)) bench.ParsedOptions {
		o := full
		f(&o)
		return o
	}
	for line, want := range map[string]bench.ParsedOptions{
		"":                   full,
		"-only checkout":     change(func(o *bench.ParsedOptions) { o.Gateway = false }),
		"-only gateway":      change(func(o *bench.ParsedOptions) { o.Checkout = false }),
		"-rounds 9":          change(func(o *bench.ParsedOptions) { o.CheckoutRounds, o.GatewayRounds = 9, 9 }),
		"-o x -daemon ./uno": change(func(o *bench.ParsedOptions) { o.Dir, o.Daemon = "x", "./uno" }),
		"-quick": change(func(o *bench.ParsedOptions) {
			o.CheckoutRounds, o.Pass = 3, 40*time.Millisecond
			o.GatewayRounds, o.Run, o.MostClients = 1, 2*time.Second, 64
		}),
	} {
		if got, err := bench.ParseOptions(io.Discard, strings.Fields(line)...); err != nil || got != want {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
	for _, line := range []string{"-only everything", "-rounds -1", "-rounds many", "checkout", "-fast"} {
		if _, err := bench.ParseOptions(io.Discard, strings.Fields(line)...); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
}

func TestAReportIsWrittenForPeopleAndForMachines(t *testing.T) {
	micros := 12.5
	dir := filepath.Join(t.TempDir(), "new", "folder")
	err := bench.Report([]checkout.Result{{
		Case: checkout.Case{Work: checkout.Hold0, Size: 4, Goroutines: 8},
		Samples: map[string][]checkout.Sample{
			checkout.Unoactor:    {{Cost: checkout.Cost{Nanoseconds: 50, CPUNanoseconds: 51}, P50: 90, P99: 100, P999: 20000}},
			checkout.Pgxpool:     {{Cost: checkout.Cost{Nanoseconds: 500, Allocations: 1, Bytes: 64}}},
			checkout.DatabaseSQL: {{Cost: checkout.Cost{Nanoseconds: 400, Allocations: 4, Bytes: 320}}},
		},
	}}, []gateway.Result{{
		Case: gateway.Case{Protocol: gateway.Simple, Clients: 8},
		Samples: map[string][]gateway.Sample{
			gateway.Unoactor:   {{Transactions: 10, TPS: 100, LatencyMS: 0.5, CPU: &micros}},
			gateway.PgBouncer:  {{Transactions: 10, TPS: 200, LatencyMS: 0.25}},
			gateway.PostgreSQL: {{Transactions: 10, TPS: 400, LatencyMS: 0.125}},
		},
	}}, "").Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, filepath.Join(dir, "report.md"))
	for _, want := range []string{
		"2024-02-29, Abacus, 1 cores, plan9/mips, go1, pgx v5; took 1m0s",
		"checkout: 1 rounds of 40 ms", "gateway: 1 rounds of 5 s",
		" 50.0 ", " 10.0x ", " 8.00x ", "0.090 / 0.100 / 20.0", "4.0 (320)", "Reading the clock adds 40ns",
		" 12.5 ", "100 (0.500)", " 0.500x ", " 2.00x ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	var data struct {
		Checkout struct {
			Results []struct {
				Work    string
				Samples map[string][]struct{ NS float64 }
			}
		}
		Gateway struct {
			Results []struct {
				Clients int
				Samples map[string][]struct {
					TPS float64
					CPU *float64 `json:"cpu_us"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(dir, "report.json"))), &data); err != nil {
		t.Fatal(err)
	}
	if got := data.Checkout.Results[0].Samples["database/sql"][0].NS; got != 400 {
		t.Errorf("%v", got)
	}
	if of := data.Gateway.Results[0].Samples; *of["unoactor"][0].CPU != micros || of["pgbouncer"][0].CPU != nil {
		t.Errorf("%+v", of)
	}
}

func TestAReportSaysWhyThereIsNoGateway(t *testing.T) {
	dir := t.TempDir()
	if err := bench.Report(nil, nil, "pgbouncer is not installed: apt-get install pgbouncer").Write(dir); err != nil {
		t.Fatal(err)
	}
	if text := read(t, filepath.Join(dir, "report.md")); !strings.Contains(text, "Skipped: pgbouncer is not installed: apt-get install pgbouncer\n") {
		t.Errorf("%s", text)
	}
}

func read(t *testing.T, file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
