package gateway

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"syscall"
)

// Listen opens the addresses and the Unix socket of the configuration. After an
// error nothing is open.
func (s *Server) Listen() error {
	for _, address := range s.shared.Config().Listen {
		l, err := net.Listen("tcp", address)
		if err != nil {
			s.closeListeners()
			return explainListen(address, err)
		}
		s.listeners = append(s.listeners, l)
		s.log.Info("listening", "address", l.Addr())
	}
	if s.shared.Config().Socket == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(s.listeners[0].Addr().String())
	if err == nil {
		var l net.Listener
		if l, err = listenUnix(filepath.Join(s.shared.Config().Socket, ".s.PGSQL."+port), s.shared.Config().SocketMode, s.shared.Config().SocketGroup); err == nil {
			s.listeners = append(s.listeners, l)
			s.log.Info("listening", "socket", l.Addr())
			return nil
		}
	}
	s.closeListeners()
	return err
}

// Addr is the first TCP address that is listened on.
func (s *Server) Addr() net.Addr { return s.listeners[0].Addr() }

func explainListen(address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listen on %s: another process listens there already; stop it, or choose another address: %w", address, err)
	}
	return fmt.Errorf("listen on %s: %w", address, err)
}
