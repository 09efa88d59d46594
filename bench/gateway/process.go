package gateway

import (
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a program that runs in a session of its own.
type process struct {
	cmd     *exec.Cmd
	started chan error // nil or why it could not be started
	ended   chan error // what Wait said
	words   *tail      // nil unless listened to
}

// patience is how long a process may take to end after it was asked to.
const patience = 10 * time.Second

// ownSession prepares a command, to be run as some account (nil: the caller's).
// If its context ends it is interrupted, and killed if that does not help.
func ownSession(cmd *exec.Cmd, as *syscall.Credential) *process {
	cmd.SysProcAttr = attributes(as)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	return &process{cmd: cmd, started: make(chan error, 1), ended: make(chan error, 1)}
}

func (p *process) start() error {
	go holdThread(p.cmd, p.started, p.ended)
	return <-p.started
}

func startAndWait(cmd *exec.Cmd, started, ended chan<- error) {
	err := cmd.Start()
	started <- err
	if err == nil {
		ended <- cmd.Wait()
	}
}

func (p *process) run() error {
	if err := p.start(); err != nil {
		return err
	}
	return <-p.ended
}

// stop asks the process to end, insists if it does not, and returns when it has.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it fails only if the process has ended
	insist := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer insist.Stop()
	<-p.ended //nolint:errcheck // how it ended is told by who did not expect it
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// listen keeps what the process says, from its start on, for who asks how it failed.
func (p *process) listen() {
	p.words = new(tail)
	p.cmd.Stdout, p.cmd.Stderr = p.words, p.words
}

func (p *process) lastWords() string {
	p.words.mu.Lock()
	defer p.words.mu.Unlock()
	return strings.TrimSpace(string(p.words.text))
}

// tail keeps the last bytes that were written to it. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 2000

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-tailBytes):]
	return len(b), nil
}
