package testkit

import (
	"fmt"
	"net"
	"syscall"
)

// reservation is a socket that is bound to a port and never listens: the
// kernel refuses connections to it and gives the port to nobody else.
type reservation struct {
	fd int
}

func reserve(address string) (*reservation, error) {
	tcp, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return nil, err
	}
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	r := &reservation{fd}
	// The port's former connections may linger in TIME_WAIT.
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		r.release()
		return nil, fmt.Errorf("setsockopt: %w", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: tcp.Port, Addr: [4]byte(tcp.IP.To4())}); err != nil {
		r.release()
		return nil, fmt.Errorf("bind %s: %w", address, err)
	}
	return r, nil
}

func (r *reservation) release() {
	if r != nil {
		_ = syscall.Close(r.fd) // a bound socket without connections has nothing to lose
	}
}
