package supervisor_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

func TestWhileTheBreakerIsOpenWhoWouldWaitFailsAtOnceWithTheCauseAndTheNextAttempt(t *testing.T) {
	server := testkit.Postgres(t)
	sys := system(t, server, "postgres", func(n *config.Node, p *config.Pool) {
		n.Breaker = config.Breaker{FailureThreshold: 3, ResetTimeout: 500 * time.Millisecond}
		p.Size = 1
	})
	p := pool(t, sys)
	var mu sync.Mutex
	var turns []string
	sys.Subscribe(func(e messages.Event) {
		if e, is := e.(messages.BreakerChanged); is {
			mu.Lock()
			defer mu.Unlock()
			turns = append(turns, e.State.String())
		}
	}, supervisor.Wish{NoLeases: true})
	if _, err := query(t.Context(), p, "select 'x'"); err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	var acquire *conn.AcquireError
	var open *conn.BreakerError
	var err error
	for !errors.As(err, &open) && t.Context().Err() == nil { // whoever waits when it opens is refused too
		_, err = query(t.Context(), p, "select 'x'")
	}
	if !errors.As(err, &acquire) || !errors.Is(err, conn.ErrBreakerOpen) || open.Node != "main" || open.Next.IsZero() || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("%v", err)
	}
	if h := p.Health(); h.Status != supervisor.Critical || h.Metrics["breaker"] != "open" {
		t.Errorf("health: %v", h)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is served again", func() bool { _, err := query(t.Context(), p, "select 'x'"); return err == nil })
	eventually(t, "it is closed", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(turns) > 0 && turns[len(turns)-1] == "closed"
	})
	if turns[0] != "open" || turns[1] != "half_open" {
		t.Errorf("told of %v", turns)
	}
}
