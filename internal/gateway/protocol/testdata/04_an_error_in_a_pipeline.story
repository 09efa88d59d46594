# An error in a pipeline
#
# After an error in the extended protocol the server skips everything up to the next Sync. It will not answer what it
# skips, so the error takes the expected replies up to that Sync out of the queue; the batch behind it runs.

client ann
backend one

ann: Parse "" "select 1/0"; Bind; Execute; Parse "" "select 2"; Bind; Execute; Sync; Parse "" "select 3"; Bind; Execute; Sync
    wanted: a backend for ann
    owed: Parse, Bind, Execute, Parse, Bind, Execute, Sync, Parse, Bind, Execute, Sync
    state: no transaction; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "select 1/0"; Bind; Execute; Parse "" "select 2"; Bind; Execute; Sync; Parse "" "select 3"; Bind;
        Execute; Sync
    read: one
one: ParseComplete; BindComplete; ErrorResponse 22012 "division by zero"
    to ann: ParseComplete; BindComplete; ErrorResponse 22012 "division by zero"
    read: one
    owed: Sync, Parse, Bind, Execute, Sync
one: ReadyForQuery I
    a transaction is counted
    to ann: ReadyForQuery I
    read: one
    owed: Parse, Bind, Execute, Sync
one: ParseComplete; BindComplete; DataRow "3"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ParseComplete; BindComplete; DataRow "3"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction; the unnamed statement is kept

# If the Sync has not been sent when the error comes, the server would throw away all that comes before it. So does
# the gateway: it sends nothing on. Even a simple query is skipped, since the server is still within the batch.
ann: Parse "" "selec"; Flush
    wanted: a backend for ann
    owed: Parse
    state: no transaction; a batch is open; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "selec"; Flush
    read: ann and one
one: ErrorResponse 42601 "syntax error"
    to ann: ErrorResponse 42601 "syntax error"
    read: ann and one
    owed: nothing
    state: no transaction; the server skips all until a Sync
ann: Bind; Execute; Query "select 4"
    read: ann and one
ann: Sync
    to one: Sync
    read: ann and one
    owed: Sync
    state: no transaction
one: ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ReadyForQuery I
    read: ann
    owed: nothing
