package testkit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Conversation is a connection of a [Fake], for steps of one's own. It belongs
// to the goroutine that plays its script.
type Conversation struct {
	// Startup is what the client asked for; nil before the step that logs it in.
	Startup *pgproto3.StartupMessage

	fake     *Fake
	conn     net.Conn
	wire     *pgproto3.Backend
	number   int
	unplayed Script // to give back if this turns out to be a cancel request

	pid       uint32
	secret    []byte
	cancelled chan struct{} // holds one cancel request
	status    byte          // of the transaction: I, T or E
}

func newConversation(f *Fake, conn net.Conn, number int) *Conversation {
	return &Conversation{
		fake:      f,
		conn:      conn,
		wire:      pgproto3.NewBackend(conn, conn),
		number:    number,
		pid:       uint32(number),
		secret:    binary.BigEndian.AppendUint32(nil, uint32(number)*2654435761), // distinct is all it must be
		cancelled: make(chan struct{}, 1),
		status:    'I',
	}
}

// errOver ends a script early, and is no failure.
var errOver = errors.New("the conversation is over")

func (c *Conversation) play(script Script) error {
	for i, step := range script {
		err := step(c)
		if clientGone(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

// clientGone returns whether the error says that the client hung up.
func clientGone(err error) bool {
	var network *net.OpError
	return errors.Is(err, errOver) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) || errors.As(err, &network)
}

// Receive returns the client's next message; it is valid until the next call.
func (c *Conversation) Receive() (pgproto3.FrontendMessage, error) {
	message, err := c.wire.Receive()
	if err != nil {
		return nil, err
	}
	if _, ok := message.(*pgproto3.Terminate); ok {
		return nil, errOver
	}
	return message, nil
}

// Send sends messages in one write.
func (c *Conversation) Send(messages ...pgproto3.BackendMessage) error {
	for _, message := range messages {
		c.wire.Send(message)
	}
	return c.wire.Flush()
}

// SendRaw sends bytes as they are, be they PostgreSQL's protocol or not.
func (c *Conversation) SendRaw(data []byte) error {
	_, err := c.conn.Write(data)
	return err
}

// Ready says that the server awaits the next query.
func (c *Conversation) Ready() *pgproto3.ReadyForQuery {
	return &pgproto3.ReadyForQuery{TxStatus: c.status}
}

// Cancelled gets a value when a cancel request names this connection.
func (c *Conversation) Cancelled() <-chan struct{} { return c.cancelled }

// Closed is closed when the fake is: a step that waits for anything but the
// client must wait for it too.
func (c *Conversation) Closed() <-chan struct{} { return c.fake.ended }

// startup reads what a client begins with, declines encryption, and ends the
// conversation if it was a cancel request.
func (c *Conversation) startup() error {
	for c.Startup == nil {
		message, err := c.wire.ReceiveStartupMessage()
		if err != nil {
			return err
		}
		switch message := message.(type) {
		case *pgproto3.StartupMessage:
			c.Startup = message
		case *pgproto3.CancelRequest:
			c.fake.cancel(c, message.ProcessID, message.SecretKey)
			return errOver
		case *pgproto3.SSLRequest, *pgproto3.GSSEncRequest:
			if err := c.SendRaw([]byte{'N'}); err != nil {
				return err
			}
		default:
			return fmt.Errorf("the client began with %T", message)
		}
	}
	return nil
}
