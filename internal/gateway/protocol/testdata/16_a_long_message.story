# A long message
#
# Of a message that is longer than the buffer, 16 kB, the gateway keeps no more than that. The beginning is looked at,
# then it is passed on in parts as it comes. The server can say nothing before it is whole, so the client is read.

client ann
backend one

ann: Query "select length('{x*40000}')", first 5 bytes
    read: ann
    left over: Query [bytes 1 to 5 of 40023]
ann: rest, first 16379 bytes
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query [bytes 1 to 16384 of 40023]
    read: ann
ann: rest, first 16384 bytes
    to one: Query [bytes 16385 to 32768 of 40023]
    read: ann
ann: rest
    to one: Query [bytes 32769 to 40023 of 40023]
    read: one
one: RowDescription length:int4; DataRow "40000"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: RowDescription length:int4; DataRow "40000"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing

# If no backend becomes free, the client is told at once, and the rest of the message is thrown away.
ann: Query "select length('{x*40000}')", first 16384 bytes
    wanted: a backend for ann
    owed: Query
ann is refused ErrorResponse 57014 "no backend became free"
    to ann: ErrorResponse 57014 "no backend became free"; ReadyForQuery I
    read: ann
    owed: nothing
ann: rest
    read: ann
ann: Query "select 1"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "select 1"
    read: one
one: DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing
