package conn

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// Unsent says whether a statement on a connection that was open when it began
// certainly never reached the server.
//
// It believes [pgconn.SafeToRetry] but for one answer: when a connection breaks
// while the result of a simple query is awaited, pgx v5.12 reports the lock that it
// could not take afterwards ("conn closed"), which it takes for a proof that nothing
// was sent. A statement that is repeated on that ground may be executed twice.
func Unsent(err error) bool {
	return pgconn.SafeToRetry(err) && !errors.Is(err, pgconn.ErrConnClosed)
}
