package conn

import (
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/petermattis/goid"
)

// Holder is the goroutine that acquired a lease, and, if the pool reports leaks, its stack then.
type Holder struct {
	Goroutine uint32 // the low half of the goroutine's id, as in a stack trace
	Stack     string // of the acquire, "" if it was not kept
}

// self is the low half of the id of the calling goroutine.
func self() uint32 { return uint32(goid.Get()) } //nolint:gosec // the half that is meant

// trace is the stack of an acquire as program counters, which are turned into text when somebody asks.
type trace struct {
	mu    sync.Mutex
	epoch uint64
	n     int
	pcs   [32]uintptr
}

// keepStack stores the stack of the acquire that called, for the lease of that epoch.
func (sl *slot) keepStack(epoch uint64) {
	t := sl.stack.Load()
	if t == nil {
		t = &trace{}
		sl.stack.Store(t)
	}
	t.mu.Lock()
	t.epoch = epoch
	t.n = runtime.Callers(4, t.pcs[:])
	t.mu.Unlock()
}

// Holder returns the holder of the lease of that epoch. False means that the lease has ended. Safe for
// concurrent use.
func (s *Slots) Holder(index int, epoch uint64) (Holder, bool) {
	sl := s.slot(index)
	if sl.epoch.Load() != epoch || epoch&1 == 0 {
		return Holder{}, false
	}
	h := Holder{Goroutine: uint32(epoch >> 32)}
	if t := sl.stack.Load(); t != nil {
		h.Stack = t.text(epoch)
	}
	return h, true
}

func (t *trace) text(epoch uint64) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.epoch != epoch {
		return ""
	}
	var b strings.Builder
	for frames := runtime.CallersFrames(t.pcs[:t.n]); ; {
		f, more := frames.Next()
		writeFrame(&b, f)
		if !more {
			return b.String()
		}
	}
}

func writeFrame(b *strings.Builder, f runtime.Frame) {
	b.WriteString(f.Function)
	b.WriteString("\n\t")
	b.WriteString(f.File)
	b.WriteByte(':')
	b.WriteString(strconv.Itoa(f.Line))
	b.WriteByte('\n')
}
