package conn

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/messages"
)

// Server returns what the server said of itself when the backend was dialed. If it was started later
// than the server of an older backend, that one is dead. Safe for concurrent use.
func (b *Backend) Server() messages.Server { return b.server }

// serverQuery asks when the server was started, which tells of a restart, and whether it takes writes,
// which tells of a failover. The reset value of a parameter is the server's, whatever this session
// has set.
const serverQuery = `select (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint, pg_is_in_recovery() or
	(select reset_val from pg_settings where name = 'default_transaction_read_only') = 'on'`

// askServer asks a server about itself. It returns the zero value for one that can't answer, such as a
// proxy that speaks for several: such a server takes writes and is never restarted.
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

// AskServer asks the server of a leased backend again what [Backend.Server] returned. It returns the
// zero value if the server does not answer within ctx.
func (b *Backend) AskServer(ctx context.Context) messages.Server {
	return askServer(ctx, b.pg)
}
