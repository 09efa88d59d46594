package checkout

import (
	"context"
	"database/sql"
	"runtime"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

type sqlPeer struct {
	db   *sql.DB
	size int
}

func openSQL(_ context.Context, url string, size int) (peer, error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return &sqlPeer{db: db, size: size}, nil
}

func (p *sqlPeer) checkouts(ctx context.Context, n int, yield bool) error {
	for range n {
		c, err := p.db.Conn(ctx)
		if err != nil {
			return err
		}
		if yield {
			runtime.Gosched()
		}
		if err := c.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (p *sqlPeer) selects(ctx context.Context, n int) error {
	for range n {
		var one int
		if err := p.db.QueryRowContext(ctx, "select 1").Scan(&one); err != nil {
			return err
		}
	}
	return nil
}

func (p *sqlPeer) hold(ctx context.Context) (giveBack func(), err error) {
	var held []*sql.Conn
	giveBack = func() {
		for _, c := range held {
			_ = c.Close() // back to the pool, nothing was sent on it
		}
	}
	for range p.size {
		c, err := p.db.Conn(ctx)
		if err != nil {
			giveBack()
			return nil, err
		}
		held = append(held, c)
	}
	return giveBack, nil
}

func (p *sqlPeer) close() { _ = p.db.Close() }
