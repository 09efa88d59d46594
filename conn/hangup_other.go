//go:build !linux

package conn

// hangups is of no use here: the pool's own sweeps find servers that hung up.
type hangups struct{}

var ofServers hangups

func (hangups) watch(*Backend) {}

func (hangups) unwatch(*Backend) {}
