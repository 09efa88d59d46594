package conn

import (
	"errors"
	"fmt"
	"time"

	"github.com/unoactor/unoactor/messages"
)

// ErrBreakerOpen is matched by every [*BreakerError].
var ErrBreakerOpen = errors.New("the node's breaker is open")

// BreakerError is the reason of an acquire that failed at once, since it would have had to wait for
// a node whose breaker is open.
type BreakerError struct {
	Node  string
	Cause messages.Cause // of the last attempt's failure
	Err   error          // of the last attempt
	Next  time.Time      // when the next attempt may be made
}

func (e *BreakerError) Error() string {
	return fmt.Sprintf("the breaker of node %q is open until %s (%s: %v)", e.Node, e.Next.Format("15:04:05.000"), e.Cause, e.Err)
}

// Unwrap returns [ErrBreakerOpen] and the last attempt's error.
func (e *BreakerError) Unwrap() []error { return []error{ErrBreakerOpen, e.Err} }
