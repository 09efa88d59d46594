# A long unnamed statement
#
# A Parse of more than 16 kB is not kept. If it is not bound in the batch that parses it, only the backend has it, and
# the client keeps that backend until it is bound.

client ann
backend one

ann: Parse "" "select $1::int, '{x*16384}'", first 16384 bytes
    wanted: a backend for ann
    owed: Parse
    state: no transaction; a batch is open; only the backend has the unnamed statement
ann leases one
    to one: Parse [bytes 1 to 16384 of 16411]
    read: ann
ann: rest
    to one: Parse [bytes 16385 to 16411 of 16411]
    read: ann and one
ann: Sync
    to one: Sync
    read: ann and one
    owed: Parse, Sync
    state: no transaction; only the backend has the unnamed statement
one: ParseComplete; ReadyForQuery I
    a transaction is counted
    to ann: ParseComplete; ReadyForQuery I
    read: ann
    owed: nothing

# A Bind that fails is none: the statement is there still, and the client may try again.
ann: Bind "" "" "nonsense"; Execute; Sync
    to one: Bind "" "" "nonsense"; Execute; Sync
    read: one
    owed: Bind, Execute, Sync
one: ErrorResponse 22P02 "invalid input syntax for type integer"; ReadyForQuery I
    a transaction is counted
    to ann: ErrorResponse 22P02 "invalid input syntax for type integer"; ReadyForQuery I
    read: ann
    owed: nothing
ann: Bind "" "" "7"; Execute; Sync
    to one: Bind "" "" "7"; Execute; Sync
    read: one
    owed: Bind, Execute, Sync
one: BindComplete
    to ann: BindComplete
    read: one
    owed: Execute, Sync
    state: no transaction; the backend has the unnamed statement
one: DataRow "7"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: DataRow "7"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction
