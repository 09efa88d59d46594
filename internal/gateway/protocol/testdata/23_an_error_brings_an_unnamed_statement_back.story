# An error brings an unnamed statement back
#
# A simple query ends the unnamed statement. But if the server skips the query, since something before it has failed,
# the statement is there still. What has become of it is known when the answers come: until then each request that
# changes it waits its turn, beside what is owed.

client ann
backend one

ann: Parse "" "select 1"; Sync
    wanted: a backend for ann
    owed: Parse, Sync
    state: no transaction; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "select 1"; Sync
    read: one
one: ParseComplete; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ParseComplete; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction; the unnamed statement is kept
ann: Execute "p"; Query "select 2"; Sync
    wanted: a backend for ann
    owed: Execute, Query, Sync
    state: no transaction
ann leases one
    to one: Execute "p"; Query "select 2"; Sync
    read: one
one: ErrorResponse 34000 "portal \"p\" does not exist"
    to ann: ErrorResponse 34000 "portal \"p\" does not exist"
    read: one
    owed: Sync
    state: no transaction; the unnamed statement is kept
one: ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ReadyForQuery I
    read: ann
    owed: nothing
ann: Bind; Execute; Sync
    wanted: a backend for ann
    owed: (Parse), Bind, Execute, Sync
    state: no transaction; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "select 1"; Bind; Execute; Sync
    read: one
one: ParseComplete; BindComplete; DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: BindComplete; DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction; the unnamed statement is kept

# Another query behind the Sync is not skipped, and does end the statement, whatever became of the first.
ann: Execute "p"; Query "select 2"; Sync; Query "select 3"
    wanted: a backend for ann
    owed: Execute, Query, Sync, Query
    state: no transaction
ann leases one
    to one: Execute "p"; Query "select 2"; Sync; Query "select 3"
    read: one
one: ErrorResponse 34000 "portal \"p\" does not exist"
    to ann: ErrorResponse 34000 "portal \"p\" does not exist"
    read: one
    owed: Sync, Query
one: ReadyForQuery I
    a transaction is counted
    to ann: ReadyForQuery I
    read: one
    owed: Query
one: DataRow "3"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: DataRow "3"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing
ann: Bind; Execute; Sync
    wanted: a backend for ann
    owed: Bind, Execute, Sync
ann leases one
    to one: Describe S "unoactor_knows_no_such_statement"; Execute; Sync
    read: one
one: ErrorResponse 26000 "prepared statement \"unoactor_knows_no_such_statement\" does not exist"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ErrorResponse 26000 "unnamed prepared statement does not exist" "It was never parsed, its Parse failed, or
        a simple query or an error has ended it since."; ReadyForQuery I
    read: ann
    owed: nothing
