package checkout

import (
	"fmt"
	"strings"
	"time"

	"github.com/unoactor/unoactor/bench/figures"
)

// Markdown is the results as tables: time, then what else it cost, then
// percentiles. clock is what reading the clock twice adds to each percentile.
func Markdown(results []Result, clock time.Duration) string {
	var b strings.Builder
	b.WriteString("## Checkout\n\n" +
		"Nanoseconds an operation: the median over the rounds of elapsed time over operations. The ratios say how many times\n" +
		"longer the peer takes than unoactor. Spread is (greatest - least) / median of each of the three, in that order.\n\n")
	fmt.Fprintln(&b, timeTable(results))
	b.WriteString("CPU nanoseconds (user and system, of this process) and memory an operation, medians:\n\n")
	fmt.Fprintln(&b, costTable(results))
	fmt.Fprintf(&b, "Percentiles of one operation in microseconds, medians, from passes of their own. Reading the clock adds %v to each.\n\n", clock)
	fmt.Fprintln(&b, percentileTable(results))
	return b.String()
}

func timeTable(results []Result) *figures.Table {
	t := figures.NewTable(header("%s ns", "pgxpool / unoactor", "database/sql / unoactor", "spread")...)
	for _, r := range results {
		cells := r.labels()
		var spread []string
		for _, name := range Peers {
			ns := r.of(name, nanoseconds)
			cells = append(cells, figures.Short(figures.Median(ns)))
			spread = append(spread, figures.Percent(figures.Spread(ns)))
		}
		for _, name := range Peers[1:] {
			cells = append(cells, figures.Times(figures.Ratio(r.of(name, nanoseconds), r.of(Unoactor, nanoseconds))))
		}
		t.Row(append(cells, strings.Join(spread, " / "))...)
	}
	return t
}

func costTable(results []Result) *figures.Table {
	head := header("%s CPU ns")
	for _, name := range Peers {
		head = append(head, name+" allocations (bytes)")
	}
	t := figures.NewTable(head...)
	for _, r := range results {
		cells := r.labels()
		for _, name := range Peers {
			cells = append(cells, figures.Short(figures.Median(r.of(name, cpu))))
		}
		for _, name := range Peers {
			cells = append(cells, fmt.Sprintf("%.1f (%.0f)",
				figures.Median(r.of(name, allocations)), figures.Median(r.of(name, bytes))))
		}
		t.Row(cells...)
	}
	return t
}

func percentileTable(results []Result) *figures.Table {
	t := figures.NewTable(header("%s p50 / p99 / p99.9")...)
	for _, r := range results {
		cells := r.labels()
		for _, name := range Peers {
			var three []string
			for _, of := range []func(Sample) float64{p50, p99, p999} {
				three = append(three, figures.Short(figures.Median(r.of(name, of))/1e3))
			}
			cells = append(cells, strings.Join(three, " / "))
		}
		t.Row(cells...)
	}
	return t
}

func header(peer string, more ...string) []string {
	head := []string{"work", "backends", "goroutines"}
	for _, name := range Peers {
		head = append(head, fmt.Sprintf(peer, name))
	}
	return append(head, more...)
}

func (r Result) labels() []string {
	return []string{string(r.Work), fmt.Sprint(r.Size), fmt.Sprint(r.Goroutines)}
}

// of is one figure of a peer's samples.
func (r Result) of(peer string, figure func(Sample) float64) []float64 {
	var values []float64
	for _, s := range r.Samples[peer] {
		values = append(values, figure(s))
	}
	return values
}

func nanoseconds(s Sample) float64 { return s.Nanoseconds }
func cpu(s Sample) float64         { return s.CPUNanoseconds }
func allocations(s Sample) float64 { return s.Allocations }
func bytes(s Sample) float64       { return s.Bytes }
func p50(s Sample) float64         { return s.P50 }
func p99(s Sample) float64         { return s.P99 }
func p999(s Sample) float64        { return s.P999 }
