//go:build !linux

package gateway

// rawIO is for platforms whose system calls were tried this way.
const rawIO = false

func (*transfer) receive(uintptr) bool { panic("not reached: rawIO is false") }
func (*socket) send(uintptr) bool      { panic("not reached: rawIO is false") }

// pending can't be told here without reading.
func (*socket) pending() bool { return false }

// hungUp can't be told here without reading: a client that has gone is noticed
// when it is written to.
func (*socket) hungUp() bool { return false }
