# LISTEN pins
#
# Some of what a client does makes state in the session of its backend that can't be carried to another: LISTEN, a
# temporary table, SET of what servers don't report. From then on the client keeps its backend until it disconnects.
# After a LISTEN the server may speak at any time, so that both are read.

client ann
backend one

ann: Query "listen jobs"
    wanted: a backend for ann
    owed: Query
    state: no transaction; pinned: LISTEN
ann leases one
    to one: Query "listen jobs"
    read: one
one: CommandComplete "LISTEN"; ReadyForQuery I
    a transaction is counted
    to ann: CommandComplete "LISTEN"; ReadyForQuery I
    read: ann and one
    owed: nothing
one: NotificationResponse "jobs" "42"
    to ann: NotificationResponse "jobs" "42"
    read: ann and one
ann: Query "select 1"
    to one: Query "select 1"
    read: ann and one
    owed: Query
one: DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    a transaction is counted
    to ann: DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann and one
    owed: nothing

# Named statements work now, since the backend stays.
ann: Parse "s" "select 2"; Bind "" "s"; Execute; Sync
    to one: Parse "s" "select 2"; Bind "" "s"; Execute; Sync
    read: ann and one
    owed: Parse, Bind, Execute, Sync
one: ParseComplete; BindComplete; DataRow "2"; CommandComplete "SELECT 1"; ReadyForQuery I
    a transaction is counted
    to ann: ParseComplete; BindComplete; DataRow "2"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann and one
    owed: nothing

# What is left of the client has to be reset before another can have the backend.
ann: Terminate
    wanted: the end of ann
    left over: Terminate
ann goes
    one goes back; what the client has set there must be reset
    state: no transaction; pinned: LISTEN; the client has gone
