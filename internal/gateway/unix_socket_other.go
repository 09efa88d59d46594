//go:build !unix

package gateway

import (
	"errors"
	"net"
)

func listenUnix(string, string, string) (net.Listener, error) {
	return nil, errors.New("Unix sockets are not served on this system: leave the gateway's socket out")
}
