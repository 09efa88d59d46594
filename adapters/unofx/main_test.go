package unofx_test

import (
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// topology has pools of those names on a database of the test's own.
func topology(t *testing.T, pools ...string) config.Topology {
	t.Helper()
	server, database := testkit.Shared(t)
	top := config.Topology{Nodes: []config.Node{{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(),
		Password: config.Secret(server.Password()), Database: database}}}
	for _, name := range pools {
		top.Pools = append(top.Pools, config.Pool{Name: name, Node: "main", Size: 2})
	}
	return top
}
