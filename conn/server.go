package conn

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/messages"
)

// Server is what the server said of itself at connect: a start time other than
// that of its elders means that they are dead. Safe for concurrent use.
func (b *Backend) Server() messages.Server { return b.server }

// serverQuery asks for what outlives no restart and no failover. The reset value is what
// the server has configured, whatever this session has set.
const serverQuery = `select (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint, pg_is_in_recovery() or
	(select reset_val from pg_settings where name = 'default_transaction_read_only') = 'on'`

// askServer asks a server about itself. One that can't answer, as a proxy that
// speaks for it, is taken for writable and never restarted.
func askServer(ctx context.Context, pg *pgconn.PgConn) messages.Server {
	results, err := pg.Exec(ctx, serverQuery).ReadAll()
	if err != nil || len(results) != 1 || len(results[0].Rows) != 1 {
		return messages.Server{}
	}
	row := results[0].Rows[0]
	if len(row) != 2 {
		return messages.Server{}
	}
	started, _ := strconv.ParseInt(string(row[0]), 10, 64) // 0 if it is no number: not known
	return messages.Server{Started: started, ReadOnly: string(row[1]) == "t"}
}

// AskServer asks the server of a leased backend about itself, again.
func (b *Backend) AskServer(ctx context.Context) messages.Server {
	return askServer(ctx, b.pg)
}
