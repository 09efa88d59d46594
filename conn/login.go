package conn

import (
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

// mostAtLogin is how many bytes a server may send until somebody is logged in: some hundred are usual,
// and all that it reports of itself is kept.
const mostAtLogin = 1 << 20

var errTooMuch = errors.New("the server sends more than a login takes: it may be no PostgreSQL server")

// allowance bounds how much is read from a server, until lift is called.
type allowance struct {
	left   int
	lifted bool
}

// bounds changes cfg so that no more is read from a server than a login takes.
func (a *allowance) bounds(cfg *pgx.ConnConfig) {
	build := cfg.BuildFrontend
	cfg.MaxProtocolMessageBodyLen = mostAtLogin
	cfg.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		a.left = mostAtLogin
		return build(&rationed{r, a}, w)
	}
}

// lift takes the bound from a connection that is logged in.
func (a *allowance) lift(c *pgx.Conn) {
	a.lifted = true
	c.PgConn().Frontend().SetMaxBodyLen(0)
}

type rationed struct {
	io.Reader
	*allowance
}

// Read reads no more than what is left; when nothing is, it returns errTooMuch.
func (r *rationed) Read(p []byte) (int, error) {
	if r.lifted {
		return r.Reader.Read(p)
	}
	if r.left <= 0 {
		return 0, errTooMuch
	}
	n, err := r.Reader.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}
