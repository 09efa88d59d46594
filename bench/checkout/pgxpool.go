package checkout

import (
	"context"
	"runtime"

	"github.com/jackc/pgx/v5/pgxpool"
)

type pgxpoolPeer struct {
	pool *pgxpool.Pool
	size int
}

func openPgxpool(ctx context.Context, url string, size int) (peer, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	c.MaxConns, c.MinConns = int32(size), int32(size)
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	return &pgxpoolPeer{pool: pool, size: size}, nil
}

func (p *pgxpoolPeer) checkouts(ctx context.Context, n int, yield bool) error {
	for range n {
		c, err := p.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		if yield {
			runtime.Gosched()
		}
		c.Release()
	}
	return nil
}

func (p *pgxpoolPeer) selects(ctx context.Context, n int) error {
	for range n {
		var one int
		if err := p.pool.QueryRow(ctx, "select 1").Scan(&one); err != nil {
			return err
		}
	}
	return nil
}

func (p *pgxpoolPeer) hold(ctx context.Context) (giveBack func(), err error) {
	var held []*pgxpool.Conn
	giveBack = func() {
		for _, c := range held {
			c.Release()
		}
	}
	for range p.size {
		c, err := p.pool.Acquire(ctx)
		if err != nil {
			giveBack()
			return nil, err
		}
		held = append(held, c)
	}
	return giveBack, nil
}

func (p *pgxpoolPeer) close() { p.pool.Close() }
