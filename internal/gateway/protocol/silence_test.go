package protocol_test

import (
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/protocol"
)

func TestAClientMayBeSilentForAsLongAsCanBeSaid(t *testing.T) {
	m := protocol.New(protocol.Options{Idle: protocol.Never - 1, InTransaction: protocol.Never}, protocol.Reported())
	now := protocol.Tick(5)
	if by := m.Deadline(func() protocol.Tick { return now }); by <= now {
		t.Errorf("it has to speak by %d", by)
	}
	if e := m.TimedOut(now); e != nil {
		t.Error(e)
	}
}
