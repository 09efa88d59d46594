package actors

import (
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
)

// breaker opens after a number of failures within a sliding window, half-opens when it was open for
// long enough, and is then closed or opened by the outcome of one attempt. It is for one goroutine.
// The zero breaker never opens.
type breaker struct {
	circuit circuitbreaker.CircuitBreaker[any] // nil: the breaker is off
}

func newBreaker(c config.Breaker) breaker {
	if c.FailureThreshold == 0 {
		return breaker{}
	}
	return breaker{circuitbreaker.NewBuilder[any]().
		WithFailureThresholdPeriod(uint(c.FailureThreshold), c.TripTimeout).
		WithSuccessThreshold(1).WithDelay(c.ResetTimeout).Build()}
}

func (b breaker) failed() {
	if b.circuit != nil {
		b.circuit.RecordFailure()
	}
}

// reached says that the server was reached, and closes the breaker, also if it is open: an attempt that
// began before is then as good as a probe.
func (b breaker) reached() {
	if b.circuit != nil {
		b.circuit.Close()
	}
}

// update half-opens the breaker if it was open for long enough, and returns its state.
func (b breaker) update() messages.BreakerState {
	switch {
	case b.circuit == nil || b.circuit.IsClosed():
		return messages.BreakerClosed
	case b.circuit.IsOpen() && b.circuit.RemainingDelay() > 0:
		return messages.BreakerOpen
	case b.circuit.IsOpen():
		b.circuit.HalfOpen()
	}
	return messages.BreakerHalfOpen
}

// remaining returns for how long the breaker stays open.
func (b breaker) remaining() time.Duration {
	if b.circuit == nil {
		return 0
	}
	return b.circuit.RemainingDelay()
}
