//go:build !linux

package gateway

import (
	"os/exec"
	"syscall"
)

// attributes put a process into a session of its own.
func attributes(as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Credential: as}
}

func holdThread(cmd *exec.Cmd, started chan<- error, ended chan<- error) {
	startAndWait(cmd, started, ended)
}
