# Idle in a transaction
#
# A client that says nothing outside a transaction costs nothing but its connection. Within one it holds a backend that
# others wait for. So there are two limits. The time counts from the client's last complete message, or from the answer
# to it; while the server has something to say, silence is not idleness.

client ann idle=600s in-transaction=30s
backend one

ann: Query "begin"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "begin"
    read: one
20s pass
one: CommandComplete "BEGIN"; ReadyForQuery T
    to ann: CommandComplete "BEGIN"; ReadyForQuery T
    read: ann
    owed: nothing
    state: in a transaction
    deadline: 50 s

# Half a message does not begin the time anew.
20s pass
ann: Query "select 1", first 7 bytes
    read: ann
    left over: Query [bytes 1 to 7 of 14]
10s pass
    wanted: the end of ann, which is told ErrorResponse FATAL 25P03 "terminating connection due to idle-in-transaction
        timeout" "" "The gateway's idle_in_transaction says for how long a client may be idle in a transaction."
ann goes
    to one: Query "ROLLBACK"
    read: one
    owed: Query
    state: in a transaction; the client has gone
one: CommandComplete "ROLLBACK"; ReadyForQuery I
    one goes back
    a transaction is counted
    owed: nothing
    state: no transaction; the client has gone
