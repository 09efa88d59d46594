package gateway

import (
	"fmt"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway/auth"
	"github.com/unoactor/unoactor/internal/gateway/drive"
)

// snapshot makes of a configuration what clients are served by. Its error says why nobody could log in.
func snapshot(g config.Gateway) (drive.Snapshot, error) {
	if g.Auth != config.Trust && len(g.Users) == 0 {
		return drive.Snapshot{}, fmt.Errorf("nobody could log in to the gateway: its auth is %s and it has no user; "+
			"add one to the topology: gateway { user \"app\" { password = ... } }", g.Auth)
	}
	users, err := auth.New(g)
	return drive.Snapshot{Gateway: g, Users: users}, err
}

func (s *Server) limits(g config.Gateway) lobbyLimits {
	return lobbyLimits{g.MaxClients, g.MaxLogins, g.MaxLoginsPerAddress, s.maxConnections}
}

// Configure replaces the configuration whole, or leaves it as it is and says why. g must be complete. Logins meet the
// new one at once, clients with their next request; nobody who is in is sent away for it. Where the server listens
// can't be changed. It is safe for concurrent use.
func (s *Server) Configure(g config.Gateway) error {
	s.configuring.Lock()
	defer s.configuring.Unlock()
	before := s.shared.Config().Gateway
	delta := config.Compare(config.Topology{Gateway: before}, config.Topology{Gateway: g})
	if err := delta.Refused(); err != nil {
		return err
	}
	now, err := snapshot(g)
	if err != nil {
		return err
	}
	s.door.lobby.limit(s.limits(g))
	s.shared.Configure(now)
	return nil
}
