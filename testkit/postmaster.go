package testkit

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// postmaster is one life of the server's first process.
type postmaster struct {
	cmd   *exec.Cmd
	data  string
	ended chan struct{} // closed when the process has ended and was collected
	err   error         // how it ended; read it after ended is closed

	stopping bool // it was told to; who has the server's lock has it
}

// launch starts the process under the watchdog's eyes; it is ready for clients
// only after [postmaster.ready].
func launch(bin string, who account, data string, log *os.File, guard *watchdog) (*postmaster, error) {
	cmd := exec.Command(filepath.Join(bin, "postgres"), "-D", data)
	cmd.Dir = data
	cmd.Env = serverEnvironment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = who.processAttributes()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	p := &postmaster{cmd: cmd, data: data, ended: make(chan struct{})}
	err := guard.watch(p.pid())
	go p.collect(guard)
	return p, err
}

func (p *postmaster) collect(guard *watchdog) {
	p.err = p.cmd.Wait()
	guard.forget()
	close(p.ended)
}

func (p *postmaster) pid() int { return p.cmd.Process.Pid }

func (p *postmaster) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// ready waits until the server accepts clients. The server says so in the
// eighth line of postmaster.pid, where pg_ctl reads it too.
func (p *postmaster) ready(ctx context.Context) error {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		if p.saysReady() {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("the server ended while starting: %w", p.err)
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w", context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

func (p *postmaster) saysReady() bool {
	content, err := os.ReadFile(filepath.Join(p.data, "postmaster.pid"))
	if err != nil {
		return false
	}
	lines := bytes.Split(content, []byte("\n"))
	return len(lines) >= 8 &&
		string(bytes.TrimSpace(lines[0])) == strconv.Itoa(p.pid()) &&
		string(bytes.TrimSpace(lines[7])) == "ready"
}

// signal ignores that the process may have ended already: whoever signals
// waits for that end.
func (p *postmaster) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// wait returns once the process has ended, or with ctx's error.
func (p *postmaster) wait(ctx context.Context) error {
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// halt stops the postmaster, so that no process is forked any more, and
// returns its family. One that has ended may have left orphans, which are
// returned too.
func (p *postmaster) halt(ctx context.Context) ([]int, error) {
	if !p.alive() {
		return family(noProcess, p.data)
	}
	p.signal(syscall.SIGSTOP)
	if err := waitStopped(ctx, p.pid()); err != nil {
		return nil, err
	}
	return family(p.pid(), p.data)
}

// noProcess is no process's id and no process's parent.
const noProcess = -1

// waitStopped waits until the processes are stopped or have ended.
func waitStopped(ctx context.Context, pids ...int) error {
	return awaitStates(ctx, pids, func(state byte) bool { return state == 'T' || state == 't' || state == 'Z' })
}

// waitEnded waits until the processes have ended.
func waitEnded(ctx context.Context, pids ...int) error {
	return awaitStates(ctx, pids, func(state byte) bool { return state == 'Z' })
}

func awaitStates(ctx context.Context, pids []int, done func(state byte) bool) error {
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for {
		table, err := processes()
		if err != nil {
			return err
		}
		left := remaining(table, pids, done)
		if len(left) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("processes %s: %w", strings.Join(left, ", "), context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

func remaining(table []process, pids []int, done func(state byte) bool) []string {
	wanted := make(map[int]bool, len(pids))
	for _, pid := range pids {
		wanted[pid] = true
	}
	var left []string
	for _, p := range table {
		if wanted[p.pid] && !done(p.state) {
			left = append(left, fmt.Sprintf("%d (%c)", p.pid, p.state))
		}
	}
	return left
}
