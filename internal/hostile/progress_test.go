package hostile_test

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// progress says whether something still goes on.
type progress struct{ steps atomic.Int64 }

func (p *progress) add() { p.steps.Add(1) }

// still waits until no step was done for a time, or done is closed.
func (p *progress) still(done <-chan struct{}, quiet time.Duration) {
	ticker := time.NewTicker(quiet)
	defer ticker.Stop()
	for last := int64(-1); ; {
		select {
		case <-done:
			return
		case <-ticker.C:
			now := p.steps.Load()
			if now == last {
				return
			}
			last = now
		}
	}
}

// ticksASecond is the unit of /proc/PID/stat on Linux, for all that programs can see.
const ticksASecond = 100

// work is how long the process has used a processor.
func (d *daemon) work(t testing.TB) time.Duration {
	t.Helper()
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(line[strings.LastIndexByte(string(line), ')')+1:]))
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * time.Second / ticksASecond
}
