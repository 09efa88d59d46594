package gateway

import (
	"net"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// localUser is the user of this machine at the other end of a Unix socket.
func localUser(nc net.Conn) string {
	user := "local"
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return user
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return user
	}
	_ = raw.Control(func(fd uintptr) { // fails on a closed socket only, of which nobody will hear
		if peer, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			user = "local user " + strconv.Itoa(int(peer.Uid))
		}
	})
	return user
}
