# A client goes in the middle
#
# A client that is killed leaves a backend behind that runs its statement, within its transaction. The next client must
# find nothing of it. The statement is canceled, the answers are read and thrown away, an open batch is ended with a
# Sync, a transaction with ROLLBACK; then the backend goes back.

client ann
backend one

ann: Query "begin"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "begin"
    read: one
one: CommandComplete "BEGIN"; ReadyForQuery T
    to ann: CommandComplete "BEGIN"; ReadyForQuery T
    read: ann
    owed: nothing
    state: in a transaction
ann: Parse "" "select pg_sleep(60)"; Bind; Execute; Flush
    to one: Parse "" "select pg_sleep(60)"; Bind; Execute; Flush
    read: ann and one
    owed: Parse, Bind, Execute
    state: in a transaction; a batch is open; the unnamed statement is kept, and the backend has it
one: ParseComplete; BindComplete
    to ann: ParseComplete; BindComplete
    read: ann and one
    owed: Execute
ann goes
    to one: Sync
    one is asked to cancel
    read: one
    owed: Execute, Sync
    state: in a transaction; the unnamed statement is kept, and the backend has it; the client has gone

# If the cancel request came too early, it has met nothing, so it is repeated.
one says nothing
    one is asked to cancel
    read: one
one: ErrorResponse 57014 "canceling statement due to user request"; ReadyForQuery E
    to one: Query "ROLLBACK"
    read: one
    owed: Query
    state: in a failed transaction; the unnamed statement is kept, and the backend has it; the client has gone
one: CommandComplete "ROLLBACK"; ReadyForQuery I
    one goes back
    a transaction is counted
    owed: nothing
    state: no transaction; the unnamed statement is kept; the client has gone

# In a COPY there is nothing to cancel: the server waits for data. It is told that none will come.
client bob
bob: Query "copy x from stdin"
    wanted: a backend for bob
    owed: Query
bob leases one
    to one: Query "copy x from stdin"
    read: one
one: CopyInResponse
    to bob: CopyInResponse
    read: bob and one
    state: no transaction; the server reads COPY data
bob: CopyData "1\n"
    to one: CopyData "1\n"
    read: bob and one
bob goes
    to one: CopyFail "the client went away"
    read: one
    state: no transaction; the client has gone
one: ErrorResponse 57014 "COPY from stdin failed: the client went away"; ReadyForQuery I
    one goes back
    a transaction is counted
    owed: nothing

# In the middle of a message a server can't be spoken to: the backend is closed.
client cy
cy: Query "select '{x*20000}'", first 16384 bytes
    wanted: a backend for cy
    owed: Query
cy leases one
    to one: Query [bytes 1 to 16384 of 20015]
    read: cy
cy goes
    one is closed: the client went away in the middle of a message
    state: no transaction; the client has gone
