package unosql

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/sqltext"
)

// forgotten has pgx forget the statements that it has prepared on the connection, if the
// server has: after DEALLOCATE ALL or DISCARD ALL, which query was or contained. pgx itself
// would go on to name them, and each would fail once. The connections of a pool see to it
// themselves where query is that alone; those of [OpenFunc] may be of no pool.
func (c *connection) forgotten(ctx context.Context, query string, tag pgconn.CommandTag) error {
	said := tag.String()
	if said != "DEALLOCATE ALL" && said != "DISCARD ALL" && (strings.IndexByte(query, ';') < 0 || !deallocates(query)) {
		return nil
	}
	return conn.Explain(ctx, c.pgx.DeallocateAll(ctx))
}

// deallocates says whether SQL of several statements has a DEALLOCATE among them.
func deallocates(query string) bool {
	for statement := range sqltext.Statements([]byte(query), false) {
		if statement.Verb == "deallocate" {
			return true
		}
	}
	return false
}
