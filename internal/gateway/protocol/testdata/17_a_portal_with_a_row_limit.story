# A portal with a row limit
#
# An Execute may ask for so many rows; the portal is suspended then, and another Execute goes on with it. A portal lives
# as long as its transaction, in which the client keeps its backend anyway.

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
ann: Parse "" "select generate_series(1, 3)"; Bind "p"; Execute "p" 2; Sync
    to one: Parse "" "select generate_series(1, 3)"; Bind "p"; Execute "p" 2; Sync
    read: one
    owed: Parse, Bind, Execute, Sync
    state: in a transaction; the unnamed statement is kept, and the backend has it
one: ParseComplete; BindComplete; DataRow "1"; DataRow "2"; PortalSuspended; ReadyForQuery T
    to ann: ParseComplete; BindComplete; DataRow "1"; DataRow "2"; PortalSuspended; ReadyForQuery T
    read: ann
    owed: nothing
ann: Execute "p" 2; Close P "p"; Sync
    to one: Execute "p" 2; Close P "p"; Sync
    read: one
    owed: Execute, Close, Sync
one: DataRow "3"; CommandComplete "SELECT 1"; CloseComplete; ReadyForQuery T
    to ann: DataRow "3"; CommandComplete "SELECT 1"; CloseComplete; ReadyForQuery T
    read: ann
    owed: nothing
ann: Query "commit"
    to one: Query "commit"
    read: one
    owed: Query
    state: in a transaction
one: CommandComplete "COMMIT"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: CommandComplete "COMMIT"; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction
