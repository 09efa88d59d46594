package conn

import (
	"errors"
	"time"

	"github.com/unoactor/unoactor/messages"
)

// ErrBreakerOpen is matched by every [*BreakerError].
var ErrBreakerOpen = errors.New("the node's breaker is open")

// BreakerError is what an acquire gets that would have to wait for a node that can't
// be connected to.
type BreakerError struct {
	Node  string
	Cause messages.Cause
	Err   error
	Next  time.Time
}

func (e *BreakerError) Error() string   { return "open" }
func (e *BreakerError) Unwrap() []error { return []error{ErrBreakerOpen, e.Err} }
