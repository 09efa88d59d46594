# A pipeline
#
# The extended protocol cuts a request into Parse, Bind, Describe and Execute, and a Sync ends the batch. A client may
# send many batches without waiting. All that it sends at once goes to one backend, in order; each request leaves one
# expected reply, which the next answer takes away. The backend goes back only when the last Sync is answered.

client ann
backend one

ann: Parse "" "select 1"; Bind; Execute; Sync; Parse "" "select 2"; Bind; Execute; Sync
    wanted: a backend for ann
    owed: Parse, Bind, Execute, Sync, Parse, Bind, Execute, Sync
    state: no transaction; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "select 1"; Bind; Execute; Sync; Parse "" "select 2"; Bind; Execute; Sync
    read: one

# The answers may come in any portions.
one: ParseComplete; BindComplete
    to ann: ParseComplete; BindComplete
    read: one
    owed: Execute, Sync, Parse, Bind, Execute, Sync
one: DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I; ParseComplete
    a transaction is counted
    to ann: DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I; ParseComplete
    read: one
    owed: Bind, Execute, Sync
one: BindComplete; DataRow "2"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: BindComplete; DataRow "2"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction; the unnamed statement is kept
