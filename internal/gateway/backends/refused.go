package backends

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// ErrShutdown is what a client is told when the gateway shuts down.
var ErrShutdown = &wire.Error{Fatal: true, Code: "57P01", Message: "terminating connection because the gateway shuts down"}

var (
	errCanceled = &wire.Error{Code: "57014", Message: "canceling statement due to user request",
		Detail: "It was still waiting for a backend."}
	errHungUp = &wire.Error{Code: "57P03", Message: "the database can't be connected to",
		Detail: "The server hangs up on each backend before anything is sent to it.", Hint: "The client may try again; look at the server's log."}
)

// denied says to a client that the pool can't connect, and that waiting does not mend it.
// What a server said is told with its own code.
func denied(e *conn.AcquireError, detail string) *wire.Error {
	f := &wire.Error{Code: "08001", Message: "the database can't be connected to", Detail: e.LastFailure.Err.Error() + ". " + detail,
		Hint: fmt.Sprintf("Waiting does not mend it: look at tls and require_auth of the node of pool %q.", e.Pool)}
	var pg *pgconn.PgError
	if errors.As(e.LastFailure.Err, &pg) {
		f.Code, f.Message, f.Detail = pg.Code, pg.Message, "The server refuses the pool's own user, database or settings. "+detail
		f.Hint = fmt.Sprintf("Mend the user, password, database or runtime of pool %q.", e.Pool)
	}
	var hook *conn.HookError
	if errors.As(e.LastFailure.Err, &hook) {
		f.Detail = fmt.Sprintf("The connect hook %s of the pool fails: %v. %s", hook.Hook, hook.Err, detail)
		f.Hint = fmt.Sprintf("Mend the connect hook of pool %q.", e.Pool)
	}
	return f
}

// refused says to a client why there is no backend for it.
func refused(err error, waited time.Duration, limit time.Duration) *wire.Error {
	var acquire *conn.AcquireError
	if errors.Is(err, context.Canceled) {
		return errCanceled
	}
	if !errors.As(err, &acquire) {
		var pg *pgconn.PgError
		if errors.As(err, &pg) {
			return &wire.Error{Code: pg.Code, Message: pg.Message, Detail: pg.Detail, Hint: pg.Hint}
		}
		return &wire.Error{Code: "08006", Message: "a backend could not be prepared", Detail: err.Error()}
	}
	detail := fmt.Sprintf("Pool %q has %d of at most %d backends open, %d leased, %d idle; %d clients wait.",
		acquire.Pool, acquire.Stats.Size, acquire.Stats.HardLimit, acquire.Stats.Used, acquire.Stats.Idle, acquire.Stats.Waiting)
	switch last := acquire.LastFailure; {
	case errors.Is(err, conn.ErrClosed):
		return ErrShutdown
	case errors.Is(err, conn.ErrPaused):
		return &wire.Error{Code: "57P03", Message: fmt.Sprintf("pool %q is paused", acquire.Pool), Detail: detail,
			Hint: "Try again when it is resumed."}
	case errors.Is(err, conn.ErrOverloaded):
		return &wire.Error{Code: "53000", Message: fmt.Sprintf("pool %q is overloaded", acquire.Pool), Detail: detail,
			Hint: "Try again later, less often; or raise the pool's size, max_overflow or queue_target."}
	case errors.Is(err, conn.ErrBreakerOpen):
		return &wire.Error{Code: "57P03", Message: "the database can't be connected to", Detail: acquire.Reason.Error() + ". " + detail,
			Hint: "Until the next attempt everybody who would have to wait is refused."}
	case last != nil && (errors.Is(err, conn.ErrDenied) || errors.Is(err, conn.ErrHookFailed)):
		return denied(acquire, detail)
	case last != nil && conn.Follows(conn.Classify(last.Err)).Whose == conn.OfProcess:
		return &wire.Error{Code: "53000", Message: "the gateway has no room for another connection to the database", Detail: last.Err.Error() + ". " + detail,
			Hint: "It is tried again; raise the gateway's limit of open files."}
	case last != nil:
		return &wire.Error{Code: "57P03", Message: "the database can't be connected to", Detail: last.Err.Error() + ". " + detail,
			Hint: "It is tried again with a growing delay; the client may try again too."}
	}
	return &wire.Error{Code: "57014", Message: fmt.Sprintf("no backend became free within %v", min(waited, limit).Round(time.Millisecond)),
		Detail: detail, Hint: "Raise the pool's size or max_overflow, shorten transactions, or raise acquire_timeout and query_wait."}
}
