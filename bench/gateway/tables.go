package gateway

import (
	"fmt"
	"math"
	"strings"

	"github.com/unoactor/unoactor/bench/figures"
)

// Markdown is the results as tables: CPU time, then throughput and latency.
func Markdown(results []Result) string {
	var b strings.Builder
	b.WriteString("## Gateway\n\n" +
		"CPU microseconds of the proxy's process (user and system) a transaction, medians over the rounds. Spread is\n" +
		"(greatest - least) / median of each, in that order.\n\n")
	fmt.Fprintln(&b, cpuTable(results))
	b.WriteString("Transactions a second and average latency in milliseconds, medians. The ratios are throughput over PgBouncer's.\n\n")
	fmt.Fprintln(&b, throughputTable(results))
	return b.String()
}

func cpuTable(results []Result) *figures.Table {
	t := figures.NewTable("protocol", "clients", Unoactor+" CPU us", PgBouncer+" CPU us", "unoactor / pgbouncer", "spread")
	for _, r := range results {
		ours, theirs := r.of(Unoactor, cpu), r.of(PgBouncer, cpu)
		t.Row(append(r.labels(),
			figures.Short(figures.Median(ours)), figures.Short(figures.Median(theirs)), figures.Times(figures.Ratio(ours, theirs)),
			figures.Percent(figures.Spread(ours))+" / "+figures.Percent(figures.Spread(theirs)))...)
	}
	return t
}

func throughputTable(results []Result) *figures.Table {
	head := []string{"protocol", "clients"}
	for _, name := range Targets {
		head = append(head, name+" tps (ms)")
	}
	t := figures.NewTable(append(head, "unoactor / pgbouncer", "postgresql / pgbouncer", "spread")...)
	for _, r := range results {
		cells := r.labels()
		var spread []string
		for _, name := range Targets {
			cells = append(cells, fmt.Sprintf("%.0f (%s)",
				figures.Median(r.of(name, tps)), figures.Short(figures.Median(r.of(name, latency)))))
			spread = append(spread, figures.Percent(figures.Spread(r.of(name, tps))))
		}
		for _, name := range []string{Unoactor, PostgreSQL} {
			cells = append(cells, figures.Times(figures.Ratio(r.of(name, tps), r.of(PgBouncer, tps))))
		}
		t.Row(append(cells, strings.Join(spread, " / "))...)
	}
	return t
}

func (r Result) labels() []string { return []string{string(r.Protocol), fmt.Sprint(r.Clients)} }

// of is one figure of a target's samples.
func (r Result) of(target string, figure func(Sample) float64) []float64 {
	var values []float64
	for _, s := range r.Samples[target] {
		values = append(values, figure(s))
	}
	return values
}

func tps(s Sample) float64     { return s.TPS }
func latency(s Sample) float64 { return s.LatencyMS }

func cpu(s Sample) float64 {
	if s.CPU == nil {
		return math.NaN()
	}
	return *s.CPU
}
