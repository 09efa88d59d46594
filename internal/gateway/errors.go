package gateway

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/unoactor/unoactor/internal/gateway/wire"
	"github.com/unoactor/unoactor/routing"
)

var (
	errLoginTimeout = &wire.Error{Fatal: true, Code: "08006", Message: "the client did not finish logging in in time",
		Hint: "The gateway's login_timeout says for how long it may take."}
	errStarting = &wire.Error{Fatal: true, Code: "57P03", Message: "the gateway is shutting down"}
)

// behindEncryption is said before encryption was answered: whoever listens could have put it there.
var behindEncryption = &wire.Error{Fatal: true, Code: "08P01", Message: "received unencrypted data after a request for encryption",
	Detail: "This could be either a mistake of the client program or evidence of an attempted man-in-the-middle attack."}

// errDisplaced is a login that did not finish in its time, while others wanted in.
var errDisplaced = &wire.Error{Fatal: true, Code: "53300", Message: "too many connections are logging in to the gateway",
	Detail: "This one has not finished in time, and its place was needed.", Hint: "Connect again, or raise the gateway's max_logins and max_logins_per_address."}

func tooManyLogins(where string, limit int, setting string) *wire.Error {
	return &wire.Error{Fatal: true, Code: "53300", Message: "too many connections are logging in " + where,
		Detail: fmt.Sprintf("The limit is %d.", limit), Hint: fmt.Sprintf("Try again later, or raise the gateway's %s.", setting)}
}

func tooManyRefused(refused int) *wire.Error {
	return &wire.Error{Fatal: true, Code: "53300", Message: "too many logins from this address were refused",
		Detail: fmt.Sprintf("%d of them have not heard so yet: each takes longer.", refused), Hint: "Correct the password of the others, and try again in a few seconds."}
}

func tooFewDescriptors(limit int) *wire.Error {
	return &wire.Error{Fatal: true, Code: "53300", Message: "too many clients are connected to the gateway",
		Detail: fmt.Sprintf("Its limit of open files carries %d, besides its backends.", limit), Hint: "Raise the limit of open files of its process (ulimit -n, LimitNOFILE)."}
}

func tooManyClients(limit int) *wire.Error {
	return &wire.Error{Fatal: true, Code: "53300", Message: "too many clients are connected to the gateway",
		Detail: fmt.Sprintf("Its limit is %d.", limit), Hint: "Raise the gateway's max_clients, or connect fewer."}
}

func unknownDatabase(database string, err error) *wire.Error {
	f := &wire.Error{Fatal: true, Code: "3D000", Message: fmt.Sprintf("database %q is not served here", database),
		Hint: "Name a database that a route or a pool of the topology has."}
	var none *routing.NoRouteError
	if errors.As(err, &none) {
		f.Detail = none.Error()
		f.Hint = cmp.Or(none.Advice(), f.Hint)
	}
	return f
}
