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
	state       byte   // R, S, D, T (stopped), Z (ended, not yet collected), ...
	program     string // "" when read through ps
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
	if !ok || end < len(pid)+2 {
		return process{}, false
	}
	rest := strings.Fields(line[end+2:])
	if len(rest) < 2 {
		return process{}, false
	}
	p, ok := parseProcess([]string{pid, rest[1], rest[0]})
	p.program = line[len(pid)+2 : end]
	return p, ok
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
	return process{pid: pid, parent: parent, state: words[2][0]}, true
}

// family returns the living processes of the server that works in data:
// itself, its children, and where /proc tells where a process works, children
// that outlived it.
func family(postmaster int, data string) ([]int, error) {
	table, err := processes()
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, p := range table {
		if p.state != 'Z' && (p.pid == postmaster || p.parent == postmaster || worksIn(p, data)) {
			pids = append(pids, p.pid)
		}
	}
	return pids, nil
}

func worksIn(p process, data string) bool {
	if p.program != "postgres" {
		return false
	}
	where, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", p.pid))
	return err == nil && where == data
}
