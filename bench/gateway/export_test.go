package gateway

import "time"

// ParseStat is parseStat.
func ParseStat(stat string) (time.Duration, error) { return parseStat(stat) }

// ParseOutcome is parseOutcome, its fields one by one.
func ParseOutcome(report string) (transactions, failed int, latency time.Duration, tps float64, err error) {
	o, err := parseOutcome(report)
	return o.transactions, o.failed, o.latency, o.tps, err
}

// Topology is the file that the daemon is started with.
func Topology(listen, server int) string { return topology(listen, server) }

// CPUTime is cpuTime.
func CPUTime(pid int) (time.Duration, error) { return cpuTime(pid) }

// Version is version.
func Version(text string) string { return version(text) }
