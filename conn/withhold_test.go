package conn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
)

func TestAnErrorWithoutValuesKeepsWhatIsNone(t *testing.T) {
	const value = "hunter2"
	for want, err := range map[string]error{
		"ERROR: message withheld (SQLSTATE 22P02)":    fmt.Errorf("of %s: %w", value, &pgconn.PgError{Severity: "ERROR", Code: "22P02", Message: value, Detail: value}),
		"context deadline exceeded":                   fmt.Errorf("timeout: %s: %w", value, context.DeadlineExceeded),
		"unexpected EOF":                              fmt.Errorf("%s: %w", value, io.ErrUnexpectedEOF),
		"write tcp: broken pipe":                      fmt.Errorf("%s: %w", value, &net.OpError{Op: "write", Net: "tcp", Err: errors.New("broken pipe")}),
		"an error of type *errors.errorString, whose": fmt.Errorf("encode args[0]: %w", errors.New("unable to encode "+value)),
		"an error of type *errors.joinError, whose":   errors.Join(errors.New(value), errors.New(value)),
	} {
		got := conn.WithoutValues(err).Error()
		if !strings.HasPrefix(got, want) || strings.Contains(got, value) {
			t.Errorf("%q became %q, want %q", err, got, want)
		}
	}
	if pg := (*pgconn.PgError)(nil); !errors.As(conn.WithoutValues(&pgconn.PgError{Code: "23505"}), &pg) || pg.Code != "23505" {
		t.Error("the SQLSTATE can't be asked for")
	}
	if conn.WithoutValues(nil) != nil {
		t.Error("no error became one")
	}
}
