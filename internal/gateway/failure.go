package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/routing"
)

// failure is an error as a client sees it.
type failure struct {
	fatal   bool
	code    string // SQLSTATE
	message string
	detail  string // which limit, which object
	hint    string // which setting, what to do
}

func (f *failure) Error() string { return fmt.Sprintf("%s (SQLSTATE %s)", f.message, f.code) }

// ended makes the failure end the client's connection.
func (f failure) ended() *failure {
	f.fatal = true
	return &f
}

// append puts the ErrorResponse together.
func (f *failure) append(buf []byte) []byte {
	severity := "ERROR"
	if f.fatal {
		severity = "FATAL"
	}
	var body []byte
	for _, field := range [...]struct {
		key   byte
		value string
	}{{'S', severity}, {'V', severity}, {'C', f.code}, {'M', f.message}, {'D', f.detail}, {'H', f.hint}} {
		if field.value != "" {
			body = append(append(append(body, field.key), field.value...), 0)
		}
	}
	return appendMessage(buf, msgError, append(body, 0))
}

func violation(format string, args ...any) *failure {
	return &failure{
		fatal: true, code: "08P01", message: "protocol violation: " + fmt.Sprintf(format, args...),
		hint: "This is a mistake of the client program, or of something between it and the gateway.",
	}
}

// broken is what a client is told when its server does not keep to the protocol.
func broken(format string, args ...any) *failure {
	return &failure{
		fatal: true, code: "08P01", message: "protocol violation of the server: it sent " + fmt.Sprintf(format, args...),
		hint: "This is a mistake of the server, or of something between it and the gateway. The connection to it is closed; connect again.",
	}
}

var (
	errLoginTimeout = &failure{fatal: true, code: "08006", message: "the client did not finish logging in in time",
		hint: "The gateway's login_timeout says for how long it may take."}
	errIdle = &failure{fatal: true, code: "57P05", message: "terminating connection due to idle timeout",
		hint: "The gateway's idle_timeout says for how long a client may be idle."}
	errIdleInTransaction = &failure{fatal: true, code: "25P03", message: "terminating connection due to idle-in-transaction timeout",
		hint: "The gateway's idle_in_transaction says for how long a client may be idle in a transaction."}
	errShutdown = &failure{fatal: true, code: "57P01", message: "terminating connection because the gateway shuts down"}
	errStarting = &failure{fatal: true, code: "57P03", message: "the gateway is shutting down"}
	errCanceled = &failure{code: "57014", message: "canceling statement due to user request",
		detail: "It was still waiting for a backend."}
	errHungUp = &failure{code: "57P03", message: "the database can't be connected to",
		detail: "The server hangs up on each backend before anything is sent to it.", hint: "The client may try again; look at the server's log."}
	errAuthentication = func(user string) *failure {
		return &failure{fatal: true, code: "28P01", message: fmt.Sprintf("password authentication failed for user %q", user)}
	}
)

// behindEncryption is said before encryption was answered: whoever listens could have put it there.
var behindEncryption = &failure{fatal: true, code: "08P01", message: "received unencrypted data after a request for encryption",
	detail: "This could be either a mistake of the client program or evidence of an attempted man-in-the-middle attack."}

// errDisplaced is a login that did not finish in its time, while others wanted in.
var errDisplaced = &failure{fatal: true, code: "53300", message: "too many connections are logging in to the gateway",
	detail: "This one has not finished in time, and its place was needed.", hint: "Connect again, or raise the gateway's max_logins and max_logins_per_address."}

func tooManyLogins(where string, limit int, setting string) *failure {
	return &failure{fatal: true, code: "53300", message: "too many connections are logging in " + where,
		detail: fmt.Sprintf("The limit is %d.", limit), hint: fmt.Sprintf("Try again later, or raise the gateway's %s.", setting)}
}

func tooManyRefused(refused int) *failure {
	return &failure{fatal: true, code: "53300", message: "too many logins from this address were refused",
		detail: fmt.Sprintf("%d of them have not heard so yet: each takes longer.", refused), hint: "Correct the password of the others, and try again in a few seconds."}
}

func tooFewDescriptors(limit int) *failure {
	return &failure{fatal: true, code: "53300", message: "too many clients are connected to the gateway",
		detail: fmt.Sprintf("Its limit of open files carries %d, besides its backends.", limit), hint: "Raise the limit of open files of its process (ulimit -n, LimitNOFILE)."}
}

func tooManyClients(limit int) *failure {
	return &failure{fatal: true, code: "53300", message: "too many clients are connected to the gateway",
		detail: fmt.Sprintf("Its limit is %d.", limit), hint: "Raise the gateway's max_clients, or connect fewer."}
}

func unknownDatabase(database string, err error) *failure {
	f := &failure{fatal: true, code: "3D000", message: fmt.Sprintf("database %q is not served here", database),
		hint: "Name a database that a route or a pool of the topology has."}
	var none *routing.NoRouteError
	if errors.As(err, &none) {
		f.detail = none.Error()
		f.hint = cmp.Or(none.Advice(), f.hint)
	}
	return f
}

func serverLost(err error) *failure {
	return &failure{code: "08006", message: "the server closed the connection; the transaction is rolled back",
		detail: err.Error(), hint: "Run the transaction again; the next one gets another backend."}
}

// denied says to a client that the pool can't connect, and that waiting does not mend it.
// What a server said is told with its own code.
func denied(e *conn.AcquireError, detail string) *failure {
	f := &failure{code: "08001", message: "the database can't be connected to", detail: e.LastFailure.Err.Error() + ". " + detail,
		hint: fmt.Sprintf("Waiting does not mend it: look at tls and require_auth of the node of pool %q.", e.Pool)}
	var pg *pgconn.PgError
	if errors.As(e.LastFailure.Err, &pg) {
		f.code, f.message, f.detail = pg.Code, pg.Message, "The server refuses the pool's own user, database or settings. "+detail
		f.hint = fmt.Sprintf("Mend the user, password, database or runtime of pool %q.", e.Pool)
	}
	var hook *conn.HookError
	if errors.As(e.LastFailure.Err, &hook) {
		f.detail = fmt.Sprintf("The connect hook %s of the pool fails: %v. %s", hook.Hook, hook.Err, detail)
		f.hint = fmt.Sprintf("Mend the connect hook of pool %q.", e.Pool)
	}
	return f
}

// refused says to a client why there is no backend for it.
func refused(err error, waited time.Duration, limit time.Duration) *failure {
	var acquire *conn.AcquireError
	if errors.Is(err, context.Canceled) {
		return errCanceled
	}
	if !errors.As(err, &acquire) {
		var pg *pgconn.PgError
		if errors.As(err, &pg) {
			return &failure{code: pg.Code, message: pg.Message, detail: pg.Detail, hint: pg.Hint}
		}
		return &failure{code: "08006", message: "a backend could not be prepared", detail: err.Error()}
	}
	detail := fmt.Sprintf("Pool %q has %d of at most %d backends open, %d leased, %d idle; %d clients wait.",
		acquire.Pool, acquire.Stats.Size, acquire.Stats.HardLimit, acquire.Stats.Used, acquire.Stats.Idle, acquire.Stats.Waiting)
	switch last := acquire.LastFailure; {
	case errors.Is(err, conn.ErrClosed):
		return errShutdown
	case errors.Is(err, conn.ErrPaused):
		return &failure{code: "57P03", message: fmt.Sprintf("pool %q is paused", acquire.Pool), detail: detail,
			hint: "Try again when it is resumed."}
	case errors.Is(err, conn.ErrOverloaded):
		return &failure{code: "53000", message: fmt.Sprintf("pool %q is overloaded", acquire.Pool), detail: detail,
			hint: "Try again later, less often; or raise the pool's size, max_overflow or queue_target."}
	case errors.Is(err, conn.ErrBreakerOpen):
		return &failure{code: "57P03", message: "the database can't be connected to", detail: acquire.Reason.Error() + ". " + detail,
			hint: "Until the next attempt everybody who would have to wait is refused."}
	case last != nil && (errors.Is(err, conn.ErrDenied) || errors.Is(err, conn.ErrHookFailed)):
		return denied(acquire, detail)
	case last != nil && conn.Follows(conn.Classify(last.Err)).Whose == conn.OfProcess:
		return &failure{code: "53000", message: "the gateway has no room for another connection to the database", detail: last.Err.Error() + ". " + detail,
			hint: "It is tried again; raise the gateway's limit of open files."}
	case last != nil:
		return &failure{code: "57P03", message: "the database can't be connected to", detail: last.Err.Error() + ". " + detail,
			hint: "It is tried again with a growing delay; the client may try again too."}
	}
	return &failure{code: "57014", message: fmt.Sprintf("no backend became free within %v", min(waited, limit).Round(time.Millisecond)),
		detail: detail, hint: "Raise the pool's size or max_overflow, shorten transactions, or raise acquire_timeout and query_wait."}
}
