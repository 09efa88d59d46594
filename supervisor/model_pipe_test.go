package supervisor_test

import (
	"errors"
	"net"
	"time"
)

// A duplex is an end of a connection in memory that, as TCP and unlike
// net.Pipe, can be closed in one direction.
type duplex struct {
	net.Conn          // what is read
	out      net.Conn // what is written
}

func newDuplex() (client, server *duplex) {
	to, from := net.Pipe()
	back, forth := net.Pipe()
	return &duplex{Conn: back, out: to}, &duplex{Conn: from, out: forth}
}

func (d *duplex) Write(p []byte) (int, error) { return d.out.Write(p) }

func (d *duplex) CloseWrite() error { return d.out.Close() }

func (d *duplex) Close() error { return errors.Join(d.Conn.Close(), d.out.Close()) }

func (d *duplex) SetDeadline(t time.Time) error {
	return errors.Join(d.SetReadDeadline(t), d.out.SetWriteDeadline(t))
}

func (d *duplex) SetWriteDeadline(t time.Time) error { return d.out.SetWriteDeadline(t) }
