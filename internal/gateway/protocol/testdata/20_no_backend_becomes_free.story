# No backend becomes free
#
# If a client has waited too long for a backend it is told so, in the place of the answers that it waits for: an error
# for each of its requests that ends with a ReadyForQuery, and that ReadyForQuery. Its session goes on.

client ann
backend one

ann: Query "select 1"; Query "select 2"
    wanted: a backend for ann
    owed: Query, Query
ann is refused ErrorResponse 57014 "no backend became free"
    to ann: ErrorResponse 57014 "no backend became free"; ReadyForQuery I; ErrorResponse 57014 "no backend became
        free"; ReadyForQuery I
    read: ann
    owed: nothing

# In a batch that is open the error comes at once, and all up to the client's Sync is skipped, as a server would do.
ann: Parse "" "select 3"; Bind
    wanted: a backend for ann
    owed: Parse, Bind
    state: no transaction; a batch is open; the unnamed statement is kept, and the backend has it
ann is refused ErrorResponse 57014 "no backend became free"
    to ann: ErrorResponse 57014 "no backend became free"
    read: ann
    owed: nothing
    state: no transaction; the client is ignored until its Sync
ann: Execute
    read: ann
ann: Sync
    to ann: ReadyForQuery I
    read: ann
    state: no transaction
ann: Query "select 4"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "select 4"
    read: one
one: DataRow "4"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: DataRow "4"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing

# A fatal error ends the client's connection.
ann: Query "select 5"
    wanted: a backend for ann
    owed: Query
ann is refused ErrorResponse FATAL 57P03 "the pool is closed"
    wanted: the end of ann, which is told ErrorResponse FATAL 57P03 "the pool is closed"
ann goes
    state: no transaction; the client has gone
