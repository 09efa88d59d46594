package conn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/messages"
)

// This file says whose fault each failure to connect is, and what follows. It is data; whoever decides
// otherwise changes a row.

// Whose says whose fault a failure to connect is: who backs off for it.
type Whose uint8

// Whose fault it may be.
const (
	OfConnection Whose = iota // this one attempt's: its pool tries again
	OfPool                    // the pool's: its database, role, parameters or hooks; its neighbours on the node go on
	OfNode                    // the node's: one attempt is made at a time, for all pools on it
	OfProcess                 // our own process's: nothing is said of the node
)

var whose = [...]string{"connection", "pool", "node", "process"}

func (w Whose) String() string { return whose[w] }

// Consequence is what follows from a failure to connect.
type Consequence struct {
	Whose Whose
	// Trips says that the failure counts for the node's breaker.
	Trips bool
	// AtOnce says that waiting does not mend the failure: those who wait while the pool has no
	// backend are told at once. After other failures they wait, and are served in the end.
	AtOnce bool
}

// consequences are what follows from each cause of a failure to connect.
var consequences = map[messages.Cause]Consequence{
	messages.Refused:     {Whose: OfNode, Trips: true},
	messages.Crowded:     {Whose: OfNode}, // a server that is full answers
	messages.Denied:      {Whose: OfPool, AtOnce: true},
	messages.Untrusted:   {Whose: OfPool, AtOnce: true}, // each pool finds out for itself: nobody queues behind the others
	messages.HookFailed:  {Whose: OfPool, AtOnce: true},
	messages.Unavailable: {Whose: OfPool},
	messages.Exhausted:   {Whose: OfProcess},
	messages.Broken:      {Whose: OfConnection},
	messages.Crashed:     {Whose: OfProcess},
}

// Follows returns what follows from a failure to connect of that cause; the zero value for a cause of
// something else.
func Follows(cause messages.Cause) Consequence { return consequences[cause] }

// startups are the causes by SQLSTATE, or by its class, the first two characters; the whole code wins.
// A code that is not here is Denied: the server spoke about what this pool asked for.
// Codes are those of PostgreSQL 14 to 18 (postinit.c, miscinit.c, auth.c, backend_startup.c,
// guc.c, proc.c) and those that poolers send in their place.
var startups = map[string]messages.Cause{
	// About who connects, and to which database.
	"28":    messages.Denied, // no entry in pg_hba.conf, no such role, no login, wrong password, certificate of another
	"3D000": messages.Denied, // no such database; a pooler's too
	"42501": messages.Denied, // no CONNECT privilege
	"55000": messages.Denied, // the database takes no connections, or is invalid
	"57P04": messages.Denied, // the database was dropped meanwhile

	// About parameters that are set at startup.
	"22":    messages.Denied, // a value that a parameter does not have
	"42":    messages.Denied, // a parameter that there is not, options that make no sense, a login trigger's mistake
	"55P02": messages.Denied, // a parameter that can't be set there
	"0A":    messages.Denied, // the protocol's version; what a pooler does not do for its clients
	"58P01": messages.Denied, // a library of local_preload_libraries or session_preload_libraries
	"P0":    messages.Denied, // a login trigger refuses

	// What this database or role has no room for, or is busy with, for now.
	"55006": messages.Unavailable, // the database is being dropped, renamed or copied
	"55P03": messages.Unavailable, // a lock could not be had, by a login trigger
	"40":    messages.Unavailable, // a conflict, of a login trigger, or with recovery on a replica
	"25":    messages.Unavailable,
	"08":    messages.Unavailable, // a pooler that has no server for this database; see sayings
	"58":    messages.Unavailable, // this database's files
	"XX":    messages.Unavailable, // an internal error, met in this database's catalogs; poolers that know no codes

	// The server.
	"57014": messages.Refused, // authentication took longer than authentication_timeout
	"57P01": messages.Refused, // it shuts down
	"57P02": messages.Refused, // it was ended by the crash of another
	"57P03": messages.Refused, // it starts up, shuts down or recovers
	"57P05": messages.Broken,  // idle_session_timeout, shorter than a startup
	"57":    messages.Refused,
	"53300": messages.Crowded, // see sayings
	"53":    messages.Refused, // no memory, no disk, no locks left
}

// sayings tell apart failures of the same SQLSTATE: by the routine that raised the error, which no
// lc_messages translates, or, of poolers, which name none, by words of the message.
var sayings = []struct {
	code, routine, words string
	cause                messages.Cause
}{
	{"53300", "InitializeSessionUserId", "", messages.Unavailable}, // the role's connection limit
	{"53300", "CheckMyDatabase", "", messages.Unavailable},         // the database's
	{"53300", "", "too many connections for role", messages.Unavailable},
	{"53300", "", "too many connections for database", messages.Unavailable},
	{"53300", "", "max_db_client_connections", messages.Unavailable},
	{"53300", "", "max_user_client_connections", messages.Unavailable},
	{"08P01", "", "no such database", messages.Denied}, // PgBouncer, from here on
	{"08P01", "", "no such user", messages.Denied},
	{"08P01", "", "does not allow connections", messages.Denied},
	{"08P01", "", "unsupported startup parameter", messages.Denied},
	{"08P01", "", "unsupported options startup parameter", messages.Denied},
	{"08P01", "", "invalid value \"", messages.Denied}, // of a startup parameter
	{"08P01", "", "authentication failed", messages.Denied},
	{"08P01", "", "login rejected", messages.Denied},
	{"08P01", "", "TLS required", messages.Untrusted},
	{"08P01", "", "SSL required", messages.Untrusted},
	{"08P01", "", "max_client_conn", messages.Crowded},
	{"XX000", "", "Tenant or user not found", messages.Denied}, // Supavisor
	{"28000", "", "pooler is shut", messages.Refused},
}

// troubles are the failures without an SQLSTATE. The first row that fits counts.
var troubles = []struct {
	name  string
	is    func(error) bool
	cause messages.Cause
}{
	{"a panic", isA[*PanicError], messages.Crashed},
	{"no descriptors, ports or memory left for a socket", isAny(syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL),
		messages.Exhausted},
	{"no descriptors left, told as text", says("too many open files"), messages.Exhausted}, // the resolver's
	{"the socket's file may not be used", isAny(syscall.EACCES, syscall.EPERM), messages.Denied},
	{"require_auth", says("require_auth check failed"), messages.Denied},
	{"a method of authentication that is not known", says("failed GSS auth", "no supported SASL", "does not support SCRAM", "unknown authentication", "channel binding",
		"OAuth authentication"),
		messages.Denied},
	{"a server that does not know the password", says("failed SASL auth: invalid", "invalid SCRAM"), messages.Denied},
	{"the server's certificate", isA[*tls.CertificateVerificationError], messages.Untrusted},
	{"the server's certificate: its authority", isA[x509.UnknownAuthorityError], messages.Untrusted},
	{"the server's certificate: its names", isA[x509.HostnameError], messages.Untrusted},
	{"the server's certificate: its time or use", isA[x509.CertificateInvalidError], messages.Untrusted},
	{"TLS: the server refuses our certificate or version", says("remote error: tls: "), messages.Untrusted},
	{"TLS: the server has none", says("server refused TLS connection"), messages.Untrusted},
	{"TLS: versions", says("tls: server selected unsupported protocol version"), messages.Untrusted},
}

// Classify returns the cause that the error of an attempt to connect stands for: see [Follows]. An
// error that is in no table is Refused: the node could not be reached, in time, or spoke no sense.
func Classify(err error) messages.Cause {
	cause, _ := judge(err)
	return cause
}

// judge returns the cause of err, and the failure that decided. pgconn joins several failures, one for
// each address and TLS mode: what a server said counts more than what kept us from one, and what
// waiting may mend more than what it does not.
func judge(err error) (messages.Cause, error) {
	var hook *HookError
	if errors.As(err, &hook) {
		return hook.cause(), err
	}
	var dial *DialError
	if errors.As(err, &dial) {
		err = dial.Err // its text is for people
	}
	all := leaves(err, nil)
	if answers := onlyAnswers(all); len(answers) > 0 {
		all = answers
	}
	var cause messages.Cause
	var found error
	for _, leaf := range all {
		cause, found = judgeOne(leaf), leaf
		if !Follows(cause).AtOnce {
			break
		}
	}
	return cause, found
}

// leaves appends the failures that err joins to all.
func leaves(err error, all []error) []error {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if joined, ok := inner.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				all = leaves(e, all)
			}
			return all
		}
	}
	return append(all, err)
}

func onlyAnswers(all []error) []error {
	var answers []error
	for _, e := range all {
		if isA[*pgconn.PgError](e) {
			answers = append(answers, e)
		}
	}
	return answers
}

func judgeOne(err error) messages.Cause {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		return judgeAnswer(pg)
	}
	for _, t := range troubles {
		if t.is(err) {
			return t.cause
		}
	}
	return messages.Refused
}

// judgeAnswer returns the cause that the error of a server or a pooler stands for.
func judgeAnswer(pg *pgconn.PgError) messages.Cause {
	for _, s := range sayings {
		if s.code == pg.Code && (s.routine == "" || s.routine == pg.Routine) && strings.Contains(pg.Message, s.words) {
			return s.cause
		}
	}
	for n := len(pg.Code); n >= 2; n-- {
		if cause, ok := startups[pg.Code[:n]]; ok {
			return cause
		}
	}
	return messages.Denied
}

func isA[T error](err error) bool {
	var t T
	return errors.As(err, &t)
}

func isAny(targets ...error) func(error) bool {
	return func(err error) bool {
		for _, target := range targets {
			if errors.Is(err, target) {
				return true
			}
		}
		return false
	}
}

func says(words ...string) func(error) bool {
	return func(err error) bool {
		for _, w := range words {
			if strings.Contains(err.Error(), w) {
				return true
			}
		}
		return false
	}
}
