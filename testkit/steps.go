package testkit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Error is an ErrorResponse. severity is ERROR, FATAL or PANIC, code an SQLSTATE.
func Error(severity, code, message string) *pgproto3.ErrorResponse {
	return &pgproto3.ErrorResponse{Severity: severity, SeverityUnlocalized: severity, Code: code, Message: message}
}

// parameters are what a server reports at login, as far as clients insist.
var parameters = map[string]string{
	"server_version": "15.0", "server_encoding": "UTF8", "client_encoding": "UTF8",
	"standard_conforming_strings": "on", "integer_datetimes": "on", "DateStyle": "ISO, MDY", "TimeZone": "UTC",
}

// Login believes the client without a password and is ready for queries.
func Login() Step {
	return func(c *Conversation) error {
		if err := c.startup(); err != nil {
			return err
		}
		messages := []pgproto3.BackendMessage{&pgproto3.AuthenticationOk{}}
		for _, name := range slices.Sorted(maps.Keys(parameters)) {
			messages = append(messages, &pgproto3.ParameterStatus{Name: name, Value: parameters[name]})
		}
		messages = append(messages, &pgproto3.BackendKeyData{ProcessID: c.pid, SecretKey: c.secret}, c.Ready())
		return c.Send(messages...)
	}
}

// RefuseLogin reads the startup message and answers it with a FATAL error, such
// as 28P01 (wrong password), 53300 (too many clients) or 57P03 (starting up).
func RefuseLogin(code, message string) Step {
	return func(c *Conversation) error {
		if err := c.startup(); err != nil {
			return err
		}
		return c.Send(Error("FATAL", code, message))
	}
}

// Send sends messages without waiting for anything.
func Send(messages ...pgproto3.BackendMessage) Step {
	return func(c *Conversation) error { return c.Send(messages...) }
}

// SendRaw sends bytes without waiting for anything.
func SendRaw(data []byte) Step {
	return func(c *Conversation) error { return c.SendRaw(data) }
}

// Hang takes what the client sends and never answers, until the client hangs up
// or the fake is closed.
func Hang() Step {
	return func(c *Conversation) error {
		buffer := make([]byte, 4096)
		for {
			if _, err := c.conn.Read(buffer); err != nil {
				return err
			}
		}
	}
}

// Wait lets time pass; inside a synctest bubble it costs none.
func Wait(d time.Duration) Step {
	return func(c *Conversation) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-c.Closed():
			return errOver
		}
	}
}

// AwaitCancel waits until a cancel request names this connection.
func AwaitCancel() Step {
	return func(c *Conversation) error {
		select {
		case <-c.cancelled:
			return nil
		case <-c.Closed():
			return errOver
		}
	}
}

// HangUp closes the connection: the rest of the script is not played.
func HangUp() Step {
	return func(*Conversation) error { return errOver }
}

// AwaitQuery reads one simple query, which must be sql ("" takes any), and
// leaves the answer to the next steps.
func AwaitQuery(sql string) Step {
	return func(c *Conversation) error {
		message, err := c.Receive()
		if err != nil {
			return err
		}
		query, ok := message.(*pgproto3.Query)
		if !ok || (sql != "" && query.String != sql) {
			return fmt.Errorf("want the query %q, got %s", sql, describe(message))
		}
		return nil
	}
}

func describe(message pgproto3.FrontendMessage) string {
	if query, ok := message.(*pgproto3.Query); ok {
		return fmt.Sprintf("the query %q", query.String)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", message), "*pgproto3.")
}
