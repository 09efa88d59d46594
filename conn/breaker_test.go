package conn_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

func TestABreakersErrorSaysWhichNodeWhyAndUntilWhen(t *testing.T) {
	err := error(&conn.BreakerError{
		Node: "main", Cause: messages.Refused, Err: fmt.Errorf("dial: %w", io.ErrUnexpectedEOF),
		Next: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC),
	})
	if got, want := err.Error(), `the breaker of node "main" is open until 03:04:05.006 (refused: dial: unexpected EOF)`; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	err = fmt.Errorf("acquire: %w", err)
	var open *conn.BreakerError
	if !errors.Is(err, conn.ErrBreakerOpen) || !errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &open) {
		t.Errorf("%v does not match what it is", err)
	}
	if errors.Is(err, conn.ErrTimeout) || errors.Is(err, conn.ErrClosed) {
		t.Errorf("%v matches what it is not", err)
	}
}
