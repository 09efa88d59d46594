package conn

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// PanicError is the panic of code that is not ours (a hook, a tracer, a driver that reads a
// server's answer), as an error. Its text is without the stack, which is for the log.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// errGoexit is a function that did not return, and did not panic.
var errGoexit = errors.New("it ended its goroutine")

// Panicked makes an error of what recover returned in a function that did not come to its
// end: nil is a function that ended its goroutine. It is called where recover is.
func Panicked(recovered any) error {
	if recovered == nil {
		return errGoexit
	}
	return &PanicError{Value: recovered, Stack: debug.Stack()}
}

// StackOf is the stack of the panic that err is about, "" if it is about none.
func StackOf(err error) string {
	var p *PanicError
	if errors.As(err, &p) {
		return string(p.Stack)
	}
	return ""
}
