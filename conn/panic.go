package conn

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// PanicError is a panic of code that is not ours (a hook, a tracer, a driver that reads a server's
// answer) as an error. Its text does not hold the stack, which is for the log.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// errGoexit is the error of a function that neither returned nor panicked.
var errGoexit = errors.New("it ended its goroutine")

// Panicked returns the error of a function that did not return: a [*PanicError], or, if recovered is
// nil, that it ended its goroutine. recovered is what recover returned. Call it in the deferred
// function that called recover, for the stack.
func Panicked(recovered any) error {
	if recovered == nil {
		return errGoexit
	}
	return &PanicError{Value: recovered, Stack: debug.Stack()}
}

// StackOf returns the stack of the [*PanicError] in err, "" if there is none.
func StackOf(err error) string {
	var p *PanicError
	if errors.As(err, &p) {
		return string(p.Stack)
	}
	return ""
}
