package testkit

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// process is a row of the kernel's process table.
type process struct {
	pid, parent int
	state       byte // R, S, D, T (stopped), Z (ended, not yet collected), ...
}

// processes reads the process table from /proc, or through ps where there is none.
func processes() ([]process, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		return processesFromPS()
	}
	table := make([]process, 0, len(stats))
	for _, stat := range stats {
		line, err := os.ReadFile(stat)
		if err != nil {
			continue // it ended meanwhile
		}
		if p, ok := parseStat(string(line)); ok {
			table = append(table, p)
		}
	}
	return table, nil
}

// parseStat reads "pid (name) state parent ...", where the name may hold
// anything, parentheses included (proc(5)).
func parseStat(line string) (process, bool) {
	pid, _, ok := strings.Cut(line, " (")
	end := strings.LastIndex(line, ") ")
	if !ok || end < 0 {
		return process{}, false
	}
	rest := strings.Fields(line[end+2:])
	if len(rest) < 2 {
		return process{}, false
	}
	return parseProcess([]string{pid, rest[1], rest[0]})
}

func processesFromPS() ([]process, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "state=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	var table []process
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if p, ok := parseProcess(strings.Fields(lines.Text())); ok {
			table = append(table, p)
		}
	}
	return table, nil
}

// parseProcess takes the words pid, parent, state.
func parseProcess(words []string) (process, bool) {
	if len(words) < 3 {
		return process{}, false
	}
	pid, pidErr := strconv.Atoi(words[0])
	parent, parentErr := strconv.Atoi(words[1])
	if pidErr != nil || parentErr != nil {
		return process{}, false
	}
	return process{pid, parent, words[2][0]}, true
}

// children returns the living children of a process.
func children(parent int) ([]process, error) {
	table, err := processes()
	if err != nil {
		return nil, err
	}
	var found []process
	for _, p := range table {
		if p.parent == parent && p.state != 'Z' {
			found = append(found, p)
		}
	}
	return found, nil
}
