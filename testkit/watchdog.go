package testkit

import (
	_ "embed" // the script
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

//go:embed watchdog.sh
var watchdogScript string

// watchdog is a shell in a session of its own that outlives this process: it
// waits on a pipe whose other end only this process holds, and the end of the
// pipe, whatever caused it (return, panic, SIGKILL), makes it end the server
// and remove its directory.
type watchdog struct {
	cmd  *exec.Cmd
	pipe *os.File
}

func startWatchdog(dir string) (*watchdog, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	cmd := exec.Command("/bin/sh", "-c", watchdogScript, "unoactor-testkit-watchdog", dir)
	cmd.Stdin = read
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		write.Close()
		return nil, fmt.Errorf("start the server's watchdog: %w", err)
	}
	return &watchdog{cmd, write}, nil
}

// watch tells the watchdog which process to end.
func (w *watchdog) watch(pid int) error {
	if _, err := fmt.Fprintln(w.pipe, pid); err != nil {
		return fmt.Errorf("tell the server's watchdog: %w", err)
	}
	return nil
}

// forget tells the watchdog that the process has ended, so that it never
// signals another one that the kernel gave the same id.
func (w *watchdog) forget() { _, _ = fmt.Fprintln(w.pipe) } // it fails when the watchdog is at work already

// finish lets the watchdog do its work and waits until it has ended: then no
// process of the server and no file is left.
func (w *watchdog) finish() error {
	return errors.Join(w.pipe.Close(), w.cmd.Wait())
}
