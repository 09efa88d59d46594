package conn_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
)

func TestAnAcquireThatADeadlineEndedIsATimeout(t *testing.T) {
	s, _, _, _ := slots(t, 1, nil)
	held, _ := acquire(t, s)
	defer held.Release()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := s.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) || !pgconn.Timeout(err) {
		t.Error(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err := s.Acquire(ctx); !errors.Is(err, context.Canceled) || pgconn.Timeout(err) {
		t.Error(err)
	}
}

func TestWhatAContextEndedIsExplainedAndWhatTheServerRefusedIsNot(t *testing.T) {
	shutdown := errors.New("the service ends")
	late, cancel := context.WithTimeoutCause(t.Context(), 0, shutdown)
	defer cancel()
	cancelled, stop := context.WithCancelCause(t.Context())
	stop(shutdown)
	over := &pgconn.PgError{Severity: "ERROR", Code: "57014", Message: "canceling statement due to user request"}
	for name, err := range map[string]error{"cancelled": over, "lost": io.ErrUnexpectedEOF, "closed": pgconn.ErrConnClosed} {
		got := conn.Explain(late, err)
		if !errors.Is(got, err) || !errors.Is(got, context.DeadlineExceeded) || !errors.Is(got, shutdown) || !pgconn.Timeout(got) {
			t.Errorf("%s by a deadline: %v", name, got)
		}
		if pgconn.SafeToRetry(got) {
			t.Errorf("%s by a deadline: safe to retry", name)
		}
		got = conn.Explain(cancelled, err)
		if !errors.Is(got, err) || !errors.Is(got, context.Canceled) || !errors.Is(got, shutdown) || pgconn.Timeout(got) {
			t.Errorf("%s by a call: %v", name, got)
		}
		if conn.Explain(t.Context(), err) != err { //nolint:errorlint // the same, not one that wraps it
			t.Errorf("%s without the end of a context: explained", name)
		}
	}
	for name, err := range map[string]error{"a duplicate": &pgconn.PgError{Severity: "ERROR", Code: "23505"}, "the program's": errors.New("no such file")} {
		if conn.Explain(late, err) != err { //nolint:errorlint // the same, not one that wraps it
			t.Errorf("%s was put down to the context: %v", name, conn.Explain(late, err))
		}
	}
	if conn.Explain(late, nil) != nil {
		t.Error("an error where there was none")
	}
}
