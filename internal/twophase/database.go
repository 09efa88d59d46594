package twophase

import (
	"context"
	"errors"
)

// Transaction is what one of several databases has of a transaction that they share, open on
// a connection of its own. Its methods are called by one goroutine, each with a context.
type Transaction interface {
	// Prepare prepares it under a name. After [Done] and [Unanswered] its connection may
	// be used for something else.
	Prepare(ctx context.Context, gid string) (Reply, error)
	// Commit commits it without preparing it. It is called of the coordinator's, once.
	Commit(ctx context.Context) (Reply, error)
	// Finish commits or rolls back what was prepared, as [Database.Finish] does, on the
	// connection that prepared it where there still is one.
	Finish(ctx context.Context, gid string, commit bool) (found bool, err error)
}

// Database is one of the databases, on whatever connection can be had.
type Database interface {
	// Look returns what there is of prepared transactions, of names like [Like].
	Look(ctx context.Context) (Sight, error)
	// Status returns what became of a transaction on the server. The error may be [ErrGone].
	Status(ctx context.Context, xid string) (Status, error)
	// Finish commits or rolls back a prepared transaction; found is false if there is none
	// of that name, which is no error.
	Finish(ctx context.Context, gid string, commit bool) (found bool, err error)
}

// ErrGone is a [Database] that can't be asked any more, now or later.
var ErrGone = errors.New("it is not one of the databases any more")

// Reply is what is known of a request after the call.
type Reply uint8

// The replies. Of a reply that is not Done the error tells more.
const (
	// Done is a request that the server has done.
	Done Reply = iota
	// Refused is a request that certainly did nothing and never will: the server said no,
	// or it was not sent. The transaction is rolled back, now or with its connection.
	Refused
	// Unanswered is a request that was sent and not answered: the server may have done it,
	// or may do it later, or never.
	Unanswered
)

// Status is what pg_xact_status says of a transaction.
type Status string

// The statuses. A prepared transaction is in progress.
const (
	InProgress   Status = "in progress"
	WasCommitted Status = "committed"
	WasAborted   Status = "aborted"
	Forgotten    Status = "" // it is so long ago that the server does not know
)

// Sight is what [Database.Look] sees.
type Sight struct {
	System   string // the identity of the server, which its copies share
	Process  string // tells the server from its copies
	User     string // the role that looks
	Prepared []Prepared
}

// Prepared is a prepared transaction as its server lists it.
type Prepared struct {
	GID, Owner, Database string
	Mine                 bool // the role that looks may finish it
}

// Member is a database that was written to.
type Member struct {
	Pool       string
	System     string // the identity of its server
	XID        string // the transaction's id there
	CanPrepare bool   // its server has room for prepared transactions
	GID        string // the name that it is prepared under, "" for the coordinator: see [Elect]
	Transaction
	Database Database
}

// Elect chooses the coordinator of those that were written to, and gives the others their
// names. The coordinator is a database that can't prepare, if one can't; if several can't,
// it returns their pools as unable, and nothing else. members must not be empty.
func Elect(members []Member) (coordinator Member, others []Member, unable []string) {
	chosen := len(members) - 1
	for i, m := range members {
		if !m.CanPrepare {
			chosen = i
			unable = append(unable, m.Pool)
		}
	}
	if len(unable) > 1 {
		return Member{}, nil, unable
	}
	coordinator = members[chosen]
	for i, m := range members {
		if i != chosen {
			m.GID = Name{System: coordinator.System, Pool: coordinator.Pool, XID: coordinator.XID, Number: i}.String()
			others = append(others, m)
		}
	}
	return coordinator, others, nil
}
