package checkout

import (
	"context"
	"fmt"
	"runtime"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
)

type unoactorPeer struct {
	system *unoactor.System
	db     *unoactor.DB
	size   int
}

func openUnoactor(ctx context.Context, url string, size int) (peer, error) {
	at, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	system, err := unoactor.New(ctx, config.Topology{
		Nodes: []config.Node{{
			Name: "main", Host: at.Host, Port: at.Port, Database: at.Database, User: at.User,
			Password: config.Secret(at.Password), TLS: config.TLS{Mode: "disable"},
		}},
		Pools: []config.Pool{{Name: "default", Node: "main", Size: size, MinIdle: size}},
	})
	if err != nil {
		return nil, err
	}
	db, err := system.DB("default")
	if err != nil {
		return nil, err
	}
	return &unoactorPeer{system: system, db: db, size: size}, nil
}

func (p *unoactorPeer) checkouts(ctx context.Context, n int, yield bool) error {
	for range n {
		l, err := p.db.Acquire(ctx)
		if err != nil {
			return err
		}
		if yield {
			runtime.Gosched()
		}
		l.Release()
	}
	return nil
}

func (p *unoactorPeer) selects(ctx context.Context, n int) error {
	for range n {
		var one int
		if err := p.db.QueryRow(ctx, "select 1").Scan(&one); err != nil {
			return err
		}
	}
	return nil
}

func (p *unoactorPeer) hold(ctx context.Context) (giveBack func(), err error) {
	var leases []unoactor.Lease
	giveBack = func() {
		for _, l := range leases {
			l.Release()
		}
	}
	for range p.size {
		l, err := p.db.Acquire(ctx)
		if err != nil {
			giveBack()
			return nil, err
		}
		leases = append(leases, l)
	}
	if n := p.db.Stats().Size; n != p.size {
		giveBack()
		return nil, fmt.Errorf("%d backends are open", n)
	}
	return giveBack, nil
}

func (p *unoactorPeer) close() {
	_ = p.system.Close(context.Background()) // on the way out: the run's context may have ended
}
