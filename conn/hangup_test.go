//go:build linux

package conn_test

import (
	"fmt"
	"testing"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/testkit"
)

func TestABackendWhoseServerHangsUpIsToldOfAtOnceAndNotLent(t *testing.T) {
	server, _ := testkit.Shared(t)
	s, k, _, _ := slots(t, 3, nil)
	var leases [3]conn.Lease
	var pids [3]uint32
	for range 3 {
		l, b := acquire(t, s)
		leases[b.Slot()], pids[b.Slot()] = l, b.PID()
	}
	terminate := func(slot int) {
		t.Helper()
		if _, err := server.TerminateBackends(t.Context(), fmt.Sprintf("pid = %d", pids[slot])); err != nil {
			t.Fatal(err)
		}
		if got := <-k.hungUp; got != slot {
			t.Errorf("told of slot %d, not %d", got, slot)
		}
	}
	terminate(1) // while it is leased
	for _, l := range leases {
		l.Release()
	}
	terminate(2) // while it is idle
	l, b := acquire(t, s)
	if b.PID() != pids[0] {
		t.Errorf("slot %d was lent", b.Slot())
	}
	defer l.Release()
	if l, ok := s.TryAcquire(); ok {
		t.Error("another was lent")
		l.Release()
	}
	if got := k.causes(); len(got) != 2 || got[0] != messages.HungUp && got[0] != messages.Unsolicited {
		t.Errorf("causes %v", got)
	}
}
