package unogrpchealth_test

import (
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// topology has pools of two on one server.
func topology(server *testkit.Server, database string, pools ...string) config.Topology {
	top := config.Topology{Nodes: []config.Node{{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(),
		Password: config.Secret(server.Password()), Database: database, BackoffMin: 10 * time.Millisecond, BackoffMax: 50 * time.Millisecond}}}
	for _, name := range pools {
		top.Pools = append(top.Pools, config.Pool{Name: name, Node: "main", Size: 2})
	}
	return top
}
