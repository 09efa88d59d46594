package conn

import (
	"encoding/binary"
	"io"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgproto3"
)

// wire watches what pgx sends and is sent on one connection, as far as must be known
// when a statement is given up: whether the server owes an answer, and whether
// anything was sent that it may have done.
type wire struct {
	owed atomic.Bool   // the server has not said yet that it is ready for the next query
	sent atomic.Uint64 // messages that have the server do something
	dead atomic.Bool   // a cancel request may still be on its way to whatever comes next
	tail [readyLength]byte
}

// readyLength is that of ReadyForQuery.
const readyLength = 6

// frontend is for pgconn: it makes what encodes and decodes the connection's messages.
func (w *wire) frontend(r io.Reader, out io.Writer) *pgproto3.Frontend {
	return pgproto3.NewFrontend(wireReader{w, r}, wireWriter{w, out})
}

// sending takes note that something is sent which has the server do something.
func (w *wire) sending() {
	w.owed.Store(true)
	w.sent.Add(1)
}

type wireWriter struct {
	wire *wire
	to   io.Writer
}

// Write passes on whole messages, as pgproto3 does.
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
	// Before the bytes leave, for whoever gives the statement up at the same moment.
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

// Read takes note when the last that came is ReadyForQuery.
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
