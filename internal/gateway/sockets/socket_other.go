//go:build !linux

package sockets

// rawIO is for platforms whose system calls were tried this way.
const rawIO = false

func (*transfer) receive(uintptr) bool { panic("not reached: rawIO is false") }
func (*Socket) send(uintptr) bool      { panic("not reached: rawIO is false") }

// Pending can't be told here without reading.
func (*Socket) Pending() bool { return false }

// HungUp can't be told here without reading: a client that has gone is noticed
// when it is written to.
func (*Socket) HungUp() bool { return false }
