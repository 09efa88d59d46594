# An unnamed statement outlives its transaction
#
# For PostgreSQL the unnamed statement belongs to the connection: a client may parse it in one batch, and bind it in the
# next. Between the two its backend has gone back, and the next backend knows nothing of the statement, or has another
# client's. So its Parse is kept, and put ahead of the first message that uses it. Its ParseComplete is hidden.

client ann
backend one
backend two

ann: Parse "" "select $1::int"; Sync
    wanted: a backend for ann
    owed: Parse, Sync
    state: no transaction; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "select $1::int"; Sync
    read: one
one: ParseComplete; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ParseComplete; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction; the unnamed statement is kept

ann: Bind "" "" "7"; Execute; Sync
    wanted: a backend for ann
    owed: (Parse), Bind, Execute, Sync
    state: no transaction; the unnamed statement is kept, and the backend has it
ann leases two
    to two: Parse "" "select $1::int"; Bind "" "" "7"; Execute; Sync
    read: two
two: ParseComplete; BindComplete; DataRow "7"; CommandComplete "SELECT 1"; ReadyForQuery I
    two goes back
    a transaction is counted
    to ann: BindComplete; DataRow "7"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction; the unnamed statement is kept

# If the client had it described, it counts on rows of that shape. A Describe of the gateway's own goes with the Parse,
# and the client's Bind is held until the answer has come. The Flush makes the server answer.
ann: Parse "" "select a from x"; Describe S; Sync
    wanted: a backend for ann
    owed: Parse, Describe, Sync
    state: no transaction; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "select a from x"; Describe S; Sync
    read: one
one: ParseComplete; ParameterDescription; RowDescription a:int4; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ParseComplete; ParameterDescription; RowDescription a:int4; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction; the unnamed statement is kept
ann: Bind; Execute; Sync
    wanted: a backend for ann
    left over: Bind; Execute; Sync
    owed: (Parse), (Describe)
    state: no transaction; a batch is open; the unnamed statement is kept, and the backend has it; it is compared with
        what the client was told
ann leases two
    to two: Parse "" "select a from x"; Describe S; Flush
    read: two
    left over: Bind; Execute; Sync
two: ParseComplete; ParameterDescription; RowDescription a:int4
    read: ann and two
    left over: Bind; Execute; Sync
    owed: nothing
    state: no transaction; a batch is open; the unnamed statement is kept, and the backend has it
    ann goes on with what was left over
    to two: Bind; Execute; Sync
    read: ann and two
    owed: Bind, Execute, Sync
    state: no transaction; the unnamed statement is kept, and the backend has it
two: BindComplete; DataRow "7"; CommandComplete "SELECT 1"; ReadyForQuery I
    two goes back
    a transaction is counted
    to ann: BindComplete; DataRow "7"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction; the unnamed statement is kept

# Somebody has changed the table: the rows are of another shape now. PostgreSQL itself would refuse to run the
# statement, with this error. To fail as the server does, inside of its transaction, the client's Bind is replaced by
# a message that no server can do, and what the server says to that by the error that fits.
ann: Bind; Execute; Sync
    wanted: a backend for ann
    left over: Bind; Execute; Sync
    owed: (Parse), (Describe)
    state: no transaction; a batch is open; the unnamed statement is kept, and the backend has it; it is compared with
        what the client was told
ann leases one
    to one: Parse "" "select a from x"; Describe S; Flush
    read: one
    left over: Bind; Execute; Sync
one: ParseComplete; ParameterDescription; RowDescription a:text
    read: ann and one
    left over: Bind; Execute; Sync
    owed: nothing
    state: no transaction; a batch is open; the unnamed statement has rows of another shape
    ann goes on with what was left over
    to one: Describe S "unoactor_knows_another_such_statement"; Execute; Sync
    read: ann and one
    owed: Bind, Execute, Sync
    state: no transaction; the unnamed statement has rows of another shape
one: ErrorResponse 26000 "prepared statement \"unoactor_knows_another_such_statement\" does not exist"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ErrorResponse 0A000 "cached plan must not change result type" "The unnamed statement was described to the
        client, and now has rows of another shape, since a table, a function or search_path was changed." "Parse it
        again."; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction; the unnamed statement is kept

# A simple query ends the unnamed statement, here as there.
ann: Query "select 1"
    wanted: a backend for ann
    owed: Query
    state: no transaction
ann leases one
    to one: Query "select 1"
    read: one
one: DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing
ann: Bind; Sync
    wanted: a backend for ann
    owed: Bind, Sync
ann leases one
    to one: Describe S "unoactor_knows_no_such_statement"; Sync
    read: one
one: ErrorResponse 26000 "prepared statement \"unoactor_knows_no_such_statement\" does not exist"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ErrorResponse 26000 "unnamed prepared statement does not exist" "It was never parsed, its Parse failed, or
        a simple query or an error has ended it since."; ReadyForQuery I
    read: ann
    owed: nothing
