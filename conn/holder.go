package conn

import (
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/petermattis/goid"
)

// Holder is who has a lease: the goroutine that acquired it, and, if the pool
// looks for leaks, where it did.
type Holder struct {
	Goroutine uint32 // the low half of its id, as in a stack trace
	Stack     string // of the acquire, "" if it was not kept
}

// self is the low half of the id of the calling goroutine.
func self() uint32 { return uint32(goid.Get()) } //nolint:gosec // the half that is meant

// trace is the stack of an acquire: program counters, turned into text only
// when somebody asks.
type trace struct {
	mu    sync.Mutex
	epoch uint64
	n     int
	pcs   [32]uintptr
}

// keepStack remembers where a slot was acquired.
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

// Holder tells who has the lease of that epoch. False if it has ended.
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
