//go:build unix

package gateway

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// unixListener is a Unix socket. Its file goes with it, unless another has taken its place.
type unixListener struct {
	net.Listener
	path string
	file fs.FileInfo
}

// listenUnix makes a Unix socket that those can connect to whom mode and group name,
// from the first moment. It takes the place of a socket that a dead process left
// behind, and of nothing else.
func listenUnix(path, mode, group string) (net.Listener, error) {
	bits, err := strconv.ParseUint(mode, 8, 32)
	if err != nil {
		return nil, fmt.Errorf("socket_mode %q is no octal number", mode)
	}
	gid, err := groupID(group)
	if err != nil {
		return nil, err
	}
	if err := makeWay(path); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	l, err := bindUnix(path, os.FileMode(bits), gid)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	return l, nil
}

// makeWay removes a socket on which nobody listens. Anything else stays, and is an error.
func makeWay(path string) error {
	file, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case file.Mode().Type() != fs.ModeSocket:
		return errors.New("there is a file that is no socket; move it away, or choose another folder for the socket")
	}
	c, err := net.Dial("unix", path)
	switch {
	case err == nil:
		_ = c.Close()
		return fmt.Errorf("another process listens there already; stop it, or choose another folder for the socket: %w", syscall.EADDRINUSE)
	case errors.Is(err, fs.ErrNotExist): // it has just gone
		return nil
	case !errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("it can't be told whether another process listens there: %w", err)
	}
	return os.Remove(path)
}

// bindUnix sets the file's mode and group before anybody is listened to, so that
// nobody connects who may not. gid -1 leaves the group as it is.
func bindUnix(path string, mode os.FileMode, gid int) (*unixListener, error) {
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	open := os.NewFile(uintptr(fd), path)
	defer open.Close()
	if most := len(syscall.RawSockaddrUnix{}.Path) - 1; len(path) > most {
		return nil, fmt.Errorf("the path of a socket has %d bytes at most, and this has %d; choose another folder for it", most, len(path))
	}
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	l := &unixListener{path: path}
	if l.file, err = os.Lstat(path); err != nil {
		return nil, err
	}
	if gid >= 0 {
		err = os.Lchown(path, -1, gid)
	}
	if err == nil {
		err = os.Chmod(path, mode)
	}
	if err == nil {
		err = os.NewSyscallError("listen", syscall.Listen(fd, backlog))
	}
	if err == nil {
		l.Listener, err = net.FileListener(open)
	}
	if err != nil {
		l.remove()
		return nil, err
	}
	return l, nil
}

// backlog is how many connections may wait to be accepted. Systems lower it to what they allow.
const backlog = 4096

// Close stops listening.
func (l *unixListener) Close() error {
	l.remove()
	return l.Listener.Close()
}

// remove removes the socket's file, if it is still that.
func (l *unixListener) remove() {
	if file, err := os.Lstat(l.path); err == nil && os.SameFile(file, l.file) {
		_ = os.Remove(l.path) // the next process finds that it is dead
	}
}

// groupID finds a group by its name or number; -1 is none.
func groupID(group string) (int, error) {
	if group == "" {
		return -1, nil
	}
	if gid, err := strconv.Atoi(group); err == nil {
		return gid, nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return 0, fmt.Errorf("socket_group: this machine has no group %q", group)
	}
	return strconv.Atoi(g.Gid)
}
