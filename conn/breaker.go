package conn

import (
	"errors"
	"fmt"
	"time"

	"github.com/unoactor/unoactor/messages"
)

// ErrBreakerOpen is matched by every [*BreakerError].
var ErrBreakerOpen = errors.New("the node's breaker is open")

// BreakerError is what an acquire gets that would have to wait for a node that can't
// be connected to.
type BreakerError struct {
	Node  string
	Cause messages.Cause // of the last attempt's failure
	Err   error          // that attempt's
	Next  time.Time      // no attempt before
}

func (e *BreakerError) Error() string {
	return fmt.Sprintf("the breaker of node %q is open until %s (%s: %v)", e.Node, e.Next.Format("15:04:05.000"), e.Cause, e.Err)
}

// Unwrap gives [ErrBreakerOpen] and the last attempt's error.
func (e *BreakerError) Unwrap() []error { return []error{ErrBreakerOpen, e.Err} }
