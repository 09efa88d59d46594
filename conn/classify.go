package conn

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/messages"
)

// Classify says what a failed attempt to connect means for those after it:
// [messages.Denied] is this user's or database's matter, [messages.Crowded] and
// [messages.Refused] are the node's, [messages.HookFailed] is the pool's.
func Classify(err error) messages.Cause {
	var hook *HookError
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &hook):
		return messages.HookFailed
	case !errors.As(err, &pg):
		return messages.Refused
	case strings.HasPrefix(pg.Code, "28"), pg.Code == "3D000", pg.Code == "42501":
		return messages.Denied
	case pg.Code == "53300":
		return messages.Crowded
	}
	return messages.Refused
}
