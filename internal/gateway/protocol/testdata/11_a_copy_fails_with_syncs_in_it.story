# A COPY fails with Syncs in it
#
# What is a Sync worth that was sent in the middle of a COPY? The server ignores it while it reads data. But if the
# data was bad, the COPY had failed before the server came to the Sync: then it counts, and is answered. Only the server
# knows. So it is asked: a Sync, and a Close of a portal that there is not, whose CloseComplete marks the end of the
# answer. As many ReadyForQuerys come before it as Syncs have counted, and one for the gateway's own.

client ann
backend one

ann: Parse "" "copy x from stdin"; Bind; Execute; Flush
    wanted: a backend for ann
    owed: Parse, Bind, Execute
    state: no transaction; a batch is open; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "copy x from stdin"; Bind; Execute; Flush
    read: ann and one
one: ParseComplete; BindComplete; CopyInResponse
    to ann: ParseComplete; BindComplete; CopyInResponse
    read: ann and one
    owed: Execute
    state: no transaction; a batch is open; the server reads COPY data; the unnamed statement is kept, and the backend
        has it
ann: CopyData "nonsense\n"; Sync; Sync; CopyDone
    to one: CopyData "nonsense\n"; Sync; Sync; CopyDone
    read: ann and one
    state: no transaction; a batch is open; the unnamed statement is kept, and the backend has it
one: ErrorResponse 22P02 "invalid input syntax for type integer"
    to one: Sync; Close P "unoactor"; Flush
    to ann: ErrorResponse 22P02 "invalid input syntax for type integer"
    read: ann and one
    owed: Execute, (what became of the Syncs)
    state: no transaction; the unnamed statement is kept, and the backend has it

# What the client says now is held until it is known what it means.
ann: Parse "" "select 1"; Bind; Execute; Sync
    read: one
    left over: Parse "" "select 1"; Bind; Execute; Sync

# The first line was bad, so that both Syncs came too late to be ignored: the client gets two ReadyForQuerys, and
# then its next batch goes on, as any other.
one: ReadyForQuery I; ReadyForQuery I; ReadyForQuery I; CloseComplete
    one goes back
    a transaction is counted
    to ann: ReadyForQuery I; ReadyForQuery I
    read: ann
    left over: Parse "" "select 1"; Bind; Execute; Sync
    owed: nothing
    state: no transaction; the unnamed statement is kept
    ann goes on with what was left over
    wanted: a backend for ann
    owed: Parse, Bind, Execute, Sync
    state: no transaction; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "select 1"; Bind; Execute; Sync
    read: one
one: ParseComplete; BindComplete; DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ParseComplete; BindComplete; DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction; the unnamed statement is kept

# The same, but this time the server had ignored the Sync, and failed at the CopyFail. Only the gateway's own Sync is
# answered. The client still owes the one that ends its batch: until then it is ignored, as the server would do.
ann: Parse "" "copy x from stdin"; Bind; Execute; Flush
    wanted: a backend for ann
    owed: Parse, Bind, Execute
    state: no transaction; a batch is open; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "copy x from stdin"; Bind; Execute; Flush
    read: ann and one
one: ParseComplete; BindComplete; CopyInResponse
    to ann: ParseComplete; BindComplete; CopyInResponse
    read: ann and one
    owed: Execute
    state: no transaction; a batch is open; the server reads COPY data; the unnamed statement is kept, and the backend
        has it
ann: CopyData "1\n"; Sync; CopyFail "no"
    to one: CopyData "1\n"; Sync; CopyFail "no"
    read: ann and one
    state: no transaction; a batch is open; the unnamed statement is kept, and the backend has it
one: ErrorResponse 57014 "COPY from stdin failed: no"
    to one: Sync; Close P "unoactor"; Flush
    to ann: ErrorResponse 57014 "COPY from stdin failed: no"
    read: ann and one
    owed: Execute, (what became of the Syncs)
    state: no transaction; the unnamed statement is kept, and the backend has it
one: ReadyForQuery I; CloseComplete
    one goes back
    a transaction is counted
    read: ann
    owed: nothing
    state: no transaction; the client is ignored until its Sync; the unnamed statement is kept
ann: Query "select 2"; Sync
    to ann: ReadyForQuery I
    read: ann
    state: no transaction; the unnamed statement is kept
