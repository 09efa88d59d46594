// Package wire is the PostgreSQL frontend/backend protocol as bytes: it frames messages in place, reads what
// clients open a connection with, and writes the messages that the gateway makes up. It decides nothing and keeps
// nothing.
//
// Source: PostgreSQL documentation, "Frontend/Backend Protocol".
package wire
