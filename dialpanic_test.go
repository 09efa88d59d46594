package unoactor_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/unoactor/unoactor"
)

func TestANetworkThatPanicsUnderACancelRequestEndsTheStatementAlone(t *testing.T) {
	var broken atomic.Bool
	db := open(t, unoactor.WithDial(func(ctx context.Context, network, address string) (net.Conn, error) {
		if broken.Load() {
			panic("on purpose")
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}))
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := db.Exec(ctx, "select pg_sleep(5)"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	broken.Store(false)
	if err := db.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
