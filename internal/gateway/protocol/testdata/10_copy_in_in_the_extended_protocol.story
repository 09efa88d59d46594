# COPY IN in the extended protocol
#
# Here a Sync must end the batch, behind the CopyDone. While the server reads data it ignores every Sync: one that was
# sent with the Execute, as drivers do that don't know what the statement is, is never answered. When the server asks
# for data, the Sync is taken out of what it owes, and the batch is open again. But the COPY may fail before the server
# comes to that Sync, and then it is answered: so the next Sync waits until it is known how the COPY has ended.

client ann
backend one

ann: Parse "" "copy x from stdin"; Bind; Execute; Sync
    wanted: a backend for ann
    owed: Parse, Bind, Execute, Sync
    state: no transaction; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "copy x from stdin"; Bind; Execute; Sync
    read: one
one: ParseComplete; BindComplete; CopyInResponse
    to ann: ParseComplete; BindComplete; CopyInResponse
    read: ann and one
    owed: Execute
    state: no transaction; a batch is open; the server reads COPY data; 1 Syncs in it; the unnamed statement is kept,
        and the backend has it
ann: CopyData "1\n"; CopyDone; Sync
    to one: CopyData "1\n"; CopyDone; Flush
    read: one
    left over: Sync
    state: no transaction; a batch is open; the unnamed statement is kept, and the backend has it
one: CommandComplete "COPY 1"
    to ann: CommandComplete "COPY 1"
    read: ann and one
    left over: Sync
    owed: nothing
    ann goes on with what was left over
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

# Data that is sent before it is asked for is held. The server keeps its answers back until a Flush or a Sync, which
# the client has not sent: so the gateway sends a Flush of its own.
ann: Parse "" "copy x from stdin"; Bind; Execute; CopyData "2\n"; CopyDone; Sync
    wanted: a backend for ann
    left over: CopyData "2\n"; CopyDone; Sync
    owed: Parse, Bind, Execute
    state: no transaction; a batch is open; the unnamed statement is kept, and the backend has it
ann leases one
    to one: Parse "" "copy x from stdin"; Bind; Execute; Flush
    read: one
    left over: CopyData "2\n"; CopyDone; Sync
one: ParseComplete; BindComplete; CopyInResponse
    to ann: ParseComplete; BindComplete; CopyInResponse
    read: ann and one
    left over: CopyData "2\n"; CopyDone; Sync
    owed: Execute
    state: no transaction; a batch is open; the server reads COPY data; the unnamed statement is kept, and the backend
        has it
    ann goes on with what was left over
    to one: CopyData "2\n"; CopyDone; Sync
    read: ann and one
    owed: Execute, Sync
    state: no transaction; the unnamed statement is kept, and the backend has it
one: CommandComplete "COPY 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: CommandComplete "COPY 1"; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction; the unnamed statement is kept
