package testkit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"
)

// Start starts a server that was stopped or killed, and returns when it
// accepts clients, which after Kill includes crash recovery. A running server
// is left alone; one that was told to stop, and is still at it, ends first.
func (s *Server) Start(ctx context.Context) error {
	s.running.Lock()
	defer s.running.Unlock()
	return s.start(ctx)
}

func (s *Server) start(ctx context.Context) error {
	switch {
	case s.closed:
		return ErrServerClosed
	case s.master != nil && s.master.alive() && !s.master.stopping:
		return nil
	case s.master != nil && s.master.stopping:
		if err := s.master.wait(ctx); err != nil {
			return fmt.Errorf("the server is still shutting down: %w", err)
		}
	}
	// Orphans of a killed postmaster would keep the data directory in use.
	if err := s.kill(); err != nil {
		return err
	}
	master, err := launch(s.options.BinDir, s.who, s.data(), s.log, s.guard)
	if master == nil {
		return err
	}
	s.master = master
	if err != nil {
		return errors.Join(err, s.kill())
	}
	if err := master.ready(ctx); err != nil {
		return errors.Join(fmt.Errorf("%w; its log:\n%s", err, s.Log()), s.kill())
	}
	return nil
}

// Stop ends the server as "pg_ctl stop -m fast" does: clients are told
// (SQLSTATE 57P01), transactions are rolled back, the data is kept. When ctx
// ends first the server goes on shutting down, and ctx's error is returned.
func (s *Server) Stop(ctx context.Context) error { return s.stop(ctx, syscall.SIGINT) }

// StopImmediate ends the server as "pg_ctl stop -m immediate" does: clients are
// told (SQLSTATE 57P02), and the next Start recovers as after a crash.
func (s *Server) StopImmediate(ctx context.Context) error { return s.stop(ctx, syscall.SIGQUIT) }

func (s *Server) stop(ctx context.Context, signal syscall.Signal) error {
	s.running.Lock()
	defer s.running.Unlock()
	if s.master == nil {
		return nil
	}
	s.thaw()
	s.master.stopping = true
	s.master.signal(signal)
	return s.master.wait(ctx)
}

// Restart is Stop, then Start, on the same port.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Stop(ctx); err != nil {
		return err
	}
	return s.Start(ctx)
}

// Running says whether the server's first process lives, be it ready or not.
func (s *Server) Running() bool {
	s.running.Lock()
	defer s.running.Unlock()
	return s.master != nil && s.master.alive()
}

// PID is the process id of the postmaster, 0 when it does not run.
func (s *Server) PID() int {
	s.running.Lock()
	defer s.running.Unlock()
	if s.master == nil || !s.master.alive() {
		return 0
	}
	return s.master.pid()
}

// killLimit bounds the wait for processes that were sent SIGKILL.
const killLimit = 10 * time.Second

// Kill ends the postmaster and every process of its family by SIGKILL, as when
// the machine loses power: clients get a reset or an end of stream, no message.
// When it returns no process is left, and Start works.
func (s *Server) Kill() error {
	s.running.Lock()
	defer s.running.Unlock()
	return s.kill()
}

func (s *Server) kill() error {
	if s.master == nil {
		return nil
	}
	// The processes end in microseconds and no caller can do anything about
	// one that does not, so the limit is the kit's own.
	ctx, cancel := context.WithTimeout(context.Background(), killLimit)
	defer cancel()
	pids, err := s.master.halt(ctx)
	if err != nil {
		return err
	}
	s.frozen = nil
	// The children first, while the postmaster is stopped: one that notices the end of
	// its parent would tell its client.
	children := slices.DeleteFunc(pids, func(pid int) bool { return pid == s.master.pid() })
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended already
	}
	if err := waitEnded(ctx, children...); err != nil {
		return err
	}
	s.master.signal(syscall.SIGKILL)
	return errors.Join(s.master.wait(ctx), waitEnded(ctx, children...))
}

// Freeze stops every process of the server in its tracks (SIGSTOP): the kernel
// still accepts and acknowledges bytes, nobody answers. Thaw ends it.
func (s *Server) Freeze() error {
	s.running.Lock()
	defer s.running.Unlock()
	if s.master == nil || !s.master.alive() {
		return errors.New("testkit: freeze a server that does not run")
	}
	ctx, cancel := context.WithTimeout(context.Background(), killLimit) // as in Kill
	defer cancel()
	pids, err := s.master.halt(ctx)
	s.frozen = pids
	if err != nil {
		return err
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGSTOP) // it may have ended already
	}
	return waitStopped(ctx, pids...)
}

// Thaw lets a frozen server go on. Without a Freeze before it does nothing.
func (s *Server) Thaw() {
	s.running.Lock()
	defer s.running.Unlock()
	s.thaw()
}

func (s *Server) thaw() {
	for _, pid := range s.frozen {
		_ = syscall.Kill(pid, syscall.SIGCONT) // it may have been killed meanwhile
	}
	s.frozen = nil
}

// Close ends the server at once and removes everything it had on disk. It may
// be called again.
func (s *Server) Close() error {
	s.running.Lock()
	defer s.running.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.guard.finish()
	// Nothing is left to do, unless somebody killed the watchdog.
	err = errors.Join(err, s.kill(), os.RemoveAll(s.dir))
	if s.log != nil {
		err = errors.Join(err, s.log.Close())
	}
	return err
}

// logTail bounds what Log returns, in bytes.
const logTail = 16 << 10

// Log is the end of the server's log, at most 16 KiB, for a failing test to show.
func (s *Server) Log() string {
	file, err := os.Open(s.logPath())
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > logTail {
		_, _ = file.Seek(-logTail, io.SeekEnd) // a longer log is still a log
	}
	content, err := io.ReadAll(file)
	if err != nil {
		return fmt.Sprintf("(log cannot be read: %v)", err)
	}
	return string(content)
}
