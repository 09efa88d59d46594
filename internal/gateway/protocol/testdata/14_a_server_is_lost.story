# A server is lost
#
# A backend that has been idle may have died without a word. If a request that only reads was just sent to it, and
# nothing has been answered, nobody can tell the difference: it is sent to another backend, and the client never knows.

client ann attempts=1
backend one
backend two

ann: Query "select 1"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "select 1"
    read: one
    state: no transaction; may be sent elsewhere if the server is lost, and if it only reads
one is lost: connection reset by peer
    one is closed
    the request goes to another backend
    wanted: a backend for ann
    state: no transaction
ann leases two
    to two: Query "select 1"
    read: two
two: RowDescription a:int4; DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    two goes back
    a transaction is counted
    to ann: RowDescription a:int4; DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing

# That may not be done twice with one request, nor with one that may have changed something: the client is told, and
# goes on with the next backend.
backend three
ann: Query "insert into x values (1)"
    wanted: a backend for ann
    owed: Query
ann leases three
    to three: Query "insert into x values (1)"
    read: three
    state: no transaction; may be sent elsewhere if the server is lost, and if it only reads
three is lost: connection reset by peer
    three is closed
    to ann: ErrorResponse 08006 "the server closed the connection; the transaction is rolled back" "connection reset by
        peer" "Run the transaction again; the next one gets another backend."; ReadyForQuery I
    read: ann
    owed: nothing

# In a transaction what was done before is lost with the server. The client's next request is outside of it, and for
# each ReadyForQuery that it waits for it gets one.
backend four
ann: Query "begin"
    wanted: a backend for ann
    owed: Query
    state: no transaction
ann leases four
    to four: Query "begin"
    read: four
    state: no transaction; may be sent elsewhere if the server is lost, and if it only reads
four: CommandComplete "BEGIN"; ReadyForQuery T
    to ann: CommandComplete "BEGIN"; ReadyForQuery T
    read: ann
    owed: nothing
    state: in a transaction
ann: Parse "" "select 1"; Bind; Execute; Sync; Query "commit"
    to four: Parse "" "select 1"; Bind; Execute; Sync; Query "commit"
    read: four
    owed: Parse, Bind, Execute, Sync, Query
four is lost: connection reset by peer
    four is closed
    to ann: ErrorResponse 08006 "the server closed the connection; the transaction is rolled back" "connection reset by
        peer" "Run the transaction again; the next one gets another backend."; ReadyForQuery I; ErrorResponse 08006
        "the server closed the connection; the transaction is rolled back" "connection reset by peer" "Run the
        transaction again; the next one gets another backend."; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction

# A server that is shut down says so, as FATAL, which would end the client's session too. It only ends the backend: the
# client is told an ERROR.
backend five
ann: Query "select pg_sleep(60)"
    wanted: a backend for ann
    owed: Query
ann leases five
    to five: Query "select pg_sleep(60)"
    read: five
    state: no transaction; may be sent elsewhere if the server is lost, and if it only reads
five: ErrorResponse FATAL 57P01 "terminating connection due to administrator command"
    five is closed: the server said: terminating connection due to administrator command
    to ann: ErrorResponse 57P01 "terminating connection due to administrator command"; ReadyForQuery I
    read: ann
    owed: nothing

# In the middle of a message there is no way to tell anything: what the client reads next would be taken for the rest of
# it. Its connection must end.
backend six
ann: Query "select repeat('x', 20000)"
    wanted: a backend for ann
    owed: Query
    state: no transaction
ann leases six
    to six: Query "select repeat('x', 20000)"
    read: six
    state: no transaction; may be sent elsewhere if the server is lost, and if it only reads
six: RowDescription repeat:text; DataRow "{x*20000}", first 16384 bytes
    to ann: RowDescription repeat:text; DataRow [bytes 1 to 16352 of 20011]
    read: six
    state: no transaction
six: rest, first 100 bytes
    to ann: DataRow [bytes 16353 to 16452 of 20011]
    read: six
six is lost: connection reset by peer
    wanted: the end of ann, which is told ErrorResponse FATAL 08006 "the server closed the connection; the transaction
        is rolled back" "connection reset by peer" "Run the transaction again; the next one gets another backend."
    state: no transaction; the server is not to be spoken to
ann goes
    six is closed
    state: no transaction; the client has gone
