package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/unoactor/unoactor/bench/checkout"
	"github.com/unoactor/unoactor/bench/gateway"
)

// report is everything that was measured, as report.json has it.
type report struct {
	Date     time.Time         `json:"date"`
	Took     string            `json:"took"`
	Machine  machine           `json:"machine"`
	ClockNS  float64           `json:"clock_ns"` // what two readings of the clock take
	Checkout *checkoutPart     `json:"checkout,omitempty"`
	Gateway  *gatewayPart      `json:"gateway,omitempty"`
	Session  []checkout.Within `json:"session,omitempty"`
}

type checkoutPart struct {
	Rounds  int               `json:"rounds"`
	PassMS  float64           `json:"pass_ms"`
	Results []checkout.Result `json:"results"`
	Crowd   []checkout.Crowd  `json:"crowd"`
}

type gatewayPart struct {
	Skipped string           `json:"skipped,omitempty"` // why there are no results
	Rounds  int              `json:"rounds"`
	Seconds int              `json:"seconds"`
	Results []gateway.Result `json:"results"`
}

// markdown is the report for people.
func (r report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# unoactor beside its peers\n\n")
	fmt.Fprintf(&b, "%s, %s, %d cores, %s/%s, %s", r.Date.Format("2006-01-02"), r.Machine.CPU, r.Machine.Cores,
		r.Machine.OS, r.Machine.Arch, r.Machine.Go)
	for _, name := range slices.Sorted(maps.Keys(r.Machine.Versions)) {
		fmt.Fprintf(&b, ", %s %s", name, r.Machine.Versions[name])
	}
	fmt.Fprintf(&b, "; took %s", r.Took)
	if c := r.Checkout; c != nil {
		fmt.Fprintf(&b, "; checkout: %d rounds of %v ms", c.Rounds, c.PassMS)
	}
	if g := r.Gateway; g != nil && g.Skipped == "" {
		fmt.Fprintf(&b, "; gateway: %d rounds of %d s", g.Rounds, g.Seconds)
	}
	b.WriteString(".\n\n")
	if c := r.Checkout; c != nil {
		b.WriteString(checkout.Markdown(c.Results, time.Duration(r.ClockNS)))
		b.WriteString(checkout.CrowdMarkdown(c.Crowd, crowdGoroutines, crowdAcquires))
	}
	b.WriteString(checkout.SessionMarkdown(r.Session))
	switch g := r.Gateway; {
	case g == nil:
	case g.Skipped != "":
		fmt.Fprintf(&b, "## Gateway\n\nSkipped: %s\n", g.Skipped)
	default:
		b.WriteString(gateway.Markdown(g.Results))
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// write puts report.md and report.json into the folder, made if need be.
func (r report) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("report as JSON: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "report.json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "report.md"), []byte(r.markdown()), 0o644)
}
