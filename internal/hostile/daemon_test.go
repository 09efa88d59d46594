package hostile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// daemon is a process of the program.
type daemon struct {
	cmd     *exec.Cmd
	said    *transcript
	address string
	exited  chan struct{} // closed when it has ended
}

// transcript is what a process says on standard error. What is beyond its limit is counted only.
type transcript struct {
	mu      sync.Mutex
	text    bytes.Buffer
	size    int
	changed chan struct{} // closed at the next word
}

const transcriptLimit = 4 << 20

func newTranscript() *transcript { return &transcript{changed: make(chan struct{})} }

// Write adds to it.
func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.size += len(p)
	if t.text.Len() < transcriptLimit {
		t.text.Write(p)
	}
	close(t.changed)
	t.changed = make(chan struct{})
	return len(p), nil
}

func (t *transcript) read() (text string, size int, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String(), t.size, t.changed
}

// await waits until match finds something in what is said from a place on.
func (t *transcript) await(ctx context.Context, from int, match func(string) string) (string, error) {
	for {
		said, _, changed := t.read()
		if found := match(said[min(from, len(said)):]); found != "" {
			return found, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return "", fmt.Errorf("it did not say so in time, but:\n%s", tail(said))
		}
	}
}

func (t *transcript) length() int {
	said, _, _ := t.read()
	return len(said)
}

// What the daemon says when it listens, and when it does on a Unix socket too.
var (
	listening    = regexp.MustCompile(`listening: address=(\S+)`)
	listeningAll = regexp.MustCompile(`(?s)listening: address=(\S+)\n.*listening: socket=`)
)

// start runs the program with a topology; before, if any, is a command that runs it, such as
// prlimit with its flags.
func start(t testing.TB, topology string, before ...string) *daemon {
	t.Helper()
	d, err := launch(t, topology, before...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// launch is start for a process that may refuse to serve.
func launch(t testing.TB, topology string, before ...string) (*daemon, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "topology.hcl")
	if err := os.WriteFile(file, []byte(topology), 0o600); err != nil {
		t.Fatal(err)
	}
	words := append(append([]string{}, before...), program, "run", "-f", file)
	d := &daemon{cmd: exec.Command(words[0], words[1:]...), said: newTranscript(), exited: make(chan struct{})}
	d.cmd.Stderr = d.said
	d.cmd.Env = append(os.Environ(), "GORACE=halt_on_error=0", "GOTRACEBACK=all")
	// A test process that is killed takes the daemon along.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = d.cmd.Wait() // what it says is in its state
		close(d.exited)
	}()
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill() // it has ended, unless the test failed
		<-d.exited
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		select {
		case <-d.exited:
			cancel()
		case <-ctx.Done():
		}
	}()
	last := listening
	if strings.Contains(topology, "socket =") {
		last = listeningAll
	}
	address, err := d.said.await(ctx, 0, func(said string) string {
		if m := last.FindStringSubmatch(said); m != nil {
			return m[1]
		}
		return ""
	})
	d.address = address
	return d, err
}

func (d *daemon) signal(s os.Signal) error { return d.cmd.Process.Signal(s) }

// ended says whether the process is gone.
func (d *daemon) ended() bool {
	select {
	case <-d.exited:
		return true
	default:
		return false
	}
}

// stop ends the process by SIGTERM and says how long that took and what its exit code was.
func (d *daemon) stop(limit time.Duration) (time.Duration, int, error) {
	began := time.Now()
	if err := d.signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, 0, err
	}
	select {
	case <-d.exited:
		return time.Since(began), d.cmd.ProcessState.ExitCode(), nil
	case <-time.After(limit):
		from := d.said.length()
		_ = d.signal(syscall.SIGQUIT) // shows what it waits for
		select {
		case <-d.exited:
		case <-time.After(patience):
		}
		said, _, _ := d.said.read()
		return limit, -1, fmt.Errorf("SIGTERM did not end the process within %v; its goroutines:\n%s", limit, head(said[from:]))
	}
}

// use is what the process uses.
type use struct {
	memory, peak int // KiB: RSS now, and the highest ever
	descriptors  int
	goroutines   int
	stacks       string // of the goroutines, counted
}

// usage has the process tidy up, and returns what it uses then.
func (d *daemon) usage(ctx context.Context) (use, error) {
	from := d.said.length()
	if err := d.signal(syscall.SIGUSR1); err != nil {
		return use{}, err
	}
	stacks, err := d.said.await(ctx, from, func(said string) string {
		_, rest, begun := strings.Cut(said, "goroutines: begin\n")
		stacks, _, ended := strings.Cut(rest, "goroutines: end\n")
		if !begun || !ended {
			return ""
		}
		return stacks
	})
	if err != nil {
		return use{}, err
	}
	u := use{stacks: stacks}
	if _, err := fmt.Sscanf(stacks, "goroutine profile: total %d", &u.goroutines); err != nil {
		return u, err
	}
	if u.memory, u.peak, err = d.memory(); err != nil {
		return u, err
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.cmd.Process.Pid))
	u.descriptors = len(open)
	return u, err
}

// memory is the resident set, and the largest that it ever was, in KiB: proc(5).
func (d *daemon) memory() (now, highest int, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		switch name {
		case "VmRSS":
			now = n
		case "VmHWM":
			highest = n
		}
	}
	return now, highest, nil
}

func tail(s string) string { return s[max(0, len(s)-8000):] }

func head(s string) string { return s[:min(len(s), 12000)] }
