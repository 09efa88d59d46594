package gateway

import (
	"os/exec"
	"runtime"
	"syscall"
)

// attributes put a process into a session of its own, and have the kernel end
// it if this process dies without doing so.
func attributes(as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Credential: as, Pdeathsig: syscall.SIGKILL}
}

// holdThread starts a process and waits for its end on one thread: the kernel
// takes the end of the thread that started it for the death of its parent.
func holdThread(cmd *exec.Cmd, started chan<- error, ended chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	startAndWait(cmd, started, ended)
}
