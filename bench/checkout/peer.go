package checkout

import (
	"context"
	"fmt"
)

// A peer is a pool that is measured. Its loops are its own code, so that
// nobody pays for an indirection an operation.
type peer interface {
	// checkouts acquires and releases n times; yield lets other goroutines run in between.
	checkouts(ctx context.Context, n int, yield bool) error
	// selects runs "select 1" n times and reads the answer.
	selects(ctx context.Context, n int) error
	// hold acquires every backend of the pool, so that all are open, until it is
	// told to give them back.
	hold(ctx context.Context) (giveBack func(), err error)
	close()
}

// The peers by name, in the order in which they are measured and shown.
const (
	Unoactor    = "unoactor"
	Pgxpool     = "pgxpool"
	DatabaseSQL = "database/sql"
)

// Peers are the names of all peers; the first is the one that the others are
// compared with.
var Peers = []string{Unoactor, Pgxpool, DatabaseSQL}

var open = map[string]func(ctx context.Context, url string, size int) (peer, error){
	Unoactor: openUnoactor, Pgxpool: openPgxpool, DatabaseSQL: openSQL,
}

// openPeers opens a pool of the size with each peer, all backends connected.
// close ends them all; it must be called unless there is an error.
func openPeers(ctx context.Context, url string, size int) (peers map[string]peer, closeAll func(), err error) {
	peers = make(map[string]peer)
	closeAll = func() {
		for _, p := range peers {
			p.close()
		}
	}
	for _, name := range Peers {
		p, err := open[name](ctx, url, size)
		if err == nil {
			peers[name] = p
			err = fill(ctx, p)
		}
		if err != nil {
			closeAll()
			return nil, nil, fmt.Errorf("open %d backends with %s: %w", size, name, err)
		}
	}
	return peers, closeAll, nil
}

// fill has every backend of the pool opened.
func fill(ctx context.Context, p peer) error {
	giveBack, err := p.hold(ctx)
	if err == nil {
		giveBack()
	}
	return err
}

// work is what the case has a goroutine do n times with the peer.
func (c Case) work(p peer) func(ctx context.Context, n int) error {
	switch c.Work {
	case Select:
		return p.selects
	case Queued:
		return func(ctx context.Context, n int) error { return p.checkouts(ctx, n, true) }
	}
	return func(ctx context.Context, n int) error { return p.checkouts(ctx, n, false) }
}
