# Flush without Sync
#
# With a Flush a client asks for the answers so far, without ending its batch. Then nobody can say whose turn it is:
# the server may answer, and the client may send more. Both are read. The backend stays until the Sync is answered.

client ann
backend one

ann: Parse "" "select $1::int"; Describe S; Flush
    wanted: a backend for ann
    owed: Parse, Describe
    state: no transaction; a batch is open; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "select $1::int"; Describe S; Flush
    read: ann and one
one: ParseComplete; ParameterDescription int4; RowDescription int4:int4
    to ann: ParseComplete; ParameterDescription int4; RowDescription int4:int4
    read: ann and one
    owed: nothing
ann: Bind "" "" "7"; Execute; Flush
    to one: Bind "" "" "7"; Execute; Flush
    read: ann and one
    owed: Bind, Execute
one: BindComplete; DataRow "7"; CommandComplete "SELECT 1"
    to ann: BindComplete; DataRow "7"; CommandComplete "SELECT 1"
    read: ann and one
    owed: nothing
ann: Sync
    to one: Sync
    read: ann and one
    owed: Sync
    state: no transaction; the unnamed statement is kept, and the backend has it
one: ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction; the unnamed statement is kept
