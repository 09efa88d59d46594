package gateway

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// outcome is what pgbench reports at the end of a run.
type outcome struct {
	transactions int
	failed       int
	latency      time.Duration // average
	tps          float64
}

// bench runs pgbench -S against an address for a number of whole seconds.
func (p programs) bench(ctx context.Context, at target, c Case, seconds int) (outcome, error) {
	threads := min(c.Clients, runtime.NumCPU())
	out, err := p.pgbenchOutput(ctx, at, "-n", "-S", "-M", string(c.Protocol),
		"-c", strconv.Itoa(c.Clients), "-j", strconv.Itoa(threads), "-T", strconv.Itoa(seconds), database)
	if err != nil {
		return outcome{}, err
	}
	o, err := parseOutcome(out)
	if err == nil && (o.failed > 0 || o.transactions == 0) {
		err = fmt.Errorf("%d transactions in %d s, connecting included, and %d failed", o.transactions, seconds, o.failed)
	}
	return o, err
}

// fill creates pgbench's tables, at the smallest scale: they fit into any cache.
func (p programs) fill(ctx context.Context, at target) error {
	_, err := p.pgbenchOutput(ctx, at, "-i", "-q", "-s", "1", database)
	return err
}

func (p programs) pgbenchOutput(ctx context.Context, at target, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, p.pgbench, append([]string{"-h", host, "-p", strconv.Itoa(at.port), "-U", role}, args...)...)
	// Nothing of the caller's own PG* variables may lead elsewhere.
	cmd.Env = []string{"PGSSLMODE=disable", "PGGSSENCMODE=disable", "LC_ALL=C"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := ownSession(cmd, nil).run()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("pgbench %s: %w: %s", strings.Join(args, " "), err, lastLine(stderr.String()))
	}
	return stdout.String(), nil
}

// parseOutcome reads the report of pgbench 14 and newer.
func parseOutcome(report string) (outcome, error) {
	var o outcome
	seen := make(map[string]bool)
	for lines := bufio.NewScanner(strings.NewReader(report)); lines.Scan(); {
		name, value, ok := cutField(lines.Text())
		if !ok {
			continue
		}
		var err error
		switch name {
		case "number of transactions actually processed":
			count, _, _ := strings.Cut(value, "/") // of how many were wanted, without -T
			o.transactions, err = strconv.Atoi(count)
		case "number of failed transactions":
			o.failed, err = strconv.Atoi(value)
		case "latency average":
			var ms float64
			ms, err = strconv.ParseFloat(value, 64)
			o.latency = time.Duration(ms * float64(time.Millisecond))
		case "tps":
			o.tps, err = strconv.ParseFloat(value, 64)
		default:
			continue
		}
		if err != nil {
			return o, fmt.Errorf("report of pgbench: %s: %w", name, err)
		}
		seen[name] = true
	}
	const count, latency, tps = "number of transactions actually processed", "latency average", "tps"
	for _, name := range []string{count, latency, tps} {
		// Without a transaction there is neither latency nor throughput.
		if !seen[name] && (name == count || o.transactions > 0) {
			return o, fmt.Errorf("report of pgbench: no line %q in %q", name, report)
		}
	}
	return o, nil
}

// cutField splits "name: value unit" and "name = value unit", without the unit.
func cutField(line string) (name, value string, ok bool) {
	at := strings.IndexAny(line, ":=")
	if at < 0 {
		return "", "", false
	}
	fields := strings.Fields(line[at+1:])
	if len(fields) == 0 {
		return "", "", false
	}
	return strings.TrimSpace(line[:at]), fields[0], true
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
