package gateway

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc: USER_HZ, which is 100 on every platform
// that Go runs on (proc_pid_stat(5), sysconf(3)).
const tick = 10 * time.Millisecond

// errNoProc is where there is no /proc to read CPU times from.
var errNoProc = errors.New("no /proc")

// cpuTime is the user and system time that all threads of a process have used.
func cpuTime(pid int) (time.Duration, error) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return 0, errNoProc
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStat(string(stat))
}

// parseStat reads utime and stime, fields 14 and 15 of proc_pid_stat(5). Field
// 2, the name of the program, may contain spaces and parentheses.
func parseStat(stat string) (time.Duration, error) {
	end := strings.LastIndexByte(stat, ')')
	if end < 0 {
		return 0, fmt.Errorf("process status %q: no name", stat)
	}
	fields := strings.Fields(stat[end+1:]) // from field 3 on
	if len(fields) < 13 {
		return 0, fmt.Errorf("process status %q: too short", stat)
	}
	var ticks uint64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("process status: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
