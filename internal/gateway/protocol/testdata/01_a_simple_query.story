# A simple query
#
# A client in transaction mode has no backend until it asks for something. The request is looked at first, then a
# backend is leased for it, and it is passed on as it is. The answer goes to the client as it comes; with the
# ReadyForQuery outside a transaction the backend goes back, and the next client may have it.

client ann
backend one

ann: Query "select 1"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "select 1"
    read: one
one: RowDescription a:int4; DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: RowDescription a:int4; DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing
