package conn

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// Unsent returns whether a statement that failed with err certainly never reached the server. The
// connection was open when the statement began.
//
// Unsent believes [pgconn.SafeToRetry] but for one answer: when a connection breaks while the result
// of a simple query is awaited, pgx v5.12 reports the lock that it could not take afterwards ("conn
// closed"), which SafeToRetry takes for a proof that nothing was sent. A statement that is repeated
// on that ground may be executed twice.
func Unsent(err error) bool {
	return pgconn.SafeToRetry(err) && !errors.Is(err, pgconn.ErrConnClosed)
}
