package conn

import (
	"encoding/binary"
	"io"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgproto3"
)

// wire watches what pgx sends and receives on one connection, for two questions that come up when a
// statement is given up: whether the server owes an answer, and whether anything was sent that the
// server may have done.
type wire struct {
	owed atomic.Bool   // the server has not yet sent the ReadyForQuery for what was sent
	sent atomic.Uint64 // counts the writes with messages that have the server do something
	dead atomic.Bool   // a cancel request may still be under way, and hit a later statement
	tail [readyLength]byte
}

// readyLength is the length of a ReadyForQuery, in bytes.
const readyLength = 6

// frontend makes the frontend by which pgconn sends and receives messages.
func (w *wire) frontend(r io.Reader, out io.Writer) *pgproto3.Frontend {
	return pgproto3.NewFrontend(wireReader{w, r}, wireWriter{w, out})
}

// sending counts a write that has the server do something.
func (w *wire) sending() {
	w.owed.Store(true)
	w.sent.Add(1)
}

type wireWriter struct {
	wire *wire
	to   io.Writer
}

// Write passes p on. pgproto3 writes whole messages.
func (w wireWriter) Write(p []byte) (int, error) {
	doing := false
	for rest := p; len(rest) >= 5 && !doing; {
		switch rest[0] {
		case 'E', 'Q', 'd', 'c', 'F': // Execute, Query, CopyData, CopyDone, FunctionCall
			doing = true
		}
		length := 1 + uint64(binary.BigEndian.Uint32(rest[1:]))
		rest = rest[min(length, uint64(len(rest))):]
	}
	// Before the bytes leave: another goroutine may give the statement up at the same moment.
	if doing {
		w.wire.sending()
	} else {
		w.wire.owed.Store(true)
	}
	return w.to.Write(p)
}

type wireReader struct {
	wire *wire
	from io.Reader
}

// Read reads, and clears owed if the bytes end with a ReadyForQuery.
func (r wireReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if n == 0 {
		return n, err
	}
	tail := &r.wire.tail
	if n >= readyLength {
		copy(tail[:], p[n-readyLength:n])
	} else {
		copy(tail[:], tail[n:])
		copy(tail[readyLength-n:], p[:n])
	}
	if tail[0] == 'Z' && tail[1] == 0 && tail[2] == 0 && tail[3] == 0 && tail[4] == 5 {
		r.wire.owed.Store(false)
	}
	return n, err
}
