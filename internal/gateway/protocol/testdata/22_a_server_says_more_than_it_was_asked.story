# A server says more than it was asked
#
# A server may report something at any time: a notice, a parameter that a reload has changed. If it has begun to do so
# behind the ReadyForQuery, the backend does not go back before the message is whole: the next client would read the
# rest of it.

client ann
backend one

ann: Query "select 1"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "select 1"
    read: one
one: CommandComplete "SELECT 1"; ReadyForQuery I; NoticeResponse 00000 "the server is tired", first 30 bytes
    a transaction is counted
    to ann: CommandComplete "SELECT 1"; ReadyForQuery I
    read: one
    owed: nothing
one: rest
    one goes back
    to ann: NoticeResponse 00000 "the server is tired"
    read: ann

# If its last word is that it ends, when all is answered, then that is of no concern to the client. Only the backend is
# closed.
ann: Query "select 2"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "select 2"
    read: one
one: CommandComplete "SELECT 1"; ReadyForQuery I; ErrorResponse FATAL 57P01 "terminating connection due to administrator command"
    one is closed: the server said: terminating connection due to administrator command
    a transaction is counted
    to ann: CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing
