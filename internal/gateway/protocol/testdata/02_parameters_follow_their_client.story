# Parameters follow their client
#
# Each client has its own TimeZone, application_name and the like, as it connected or as it has set them since, and a
# backend has those of whoever used it last. Where they differ the gateway puts a request of its own ahead of the
# client's: its answer is hidden, and what is owed shows it in parentheses. Where they are the same nothing is put
# ahead, so that clients with equal parameters cost nothing.

client ann TimeZone=Asia/Tokyo
client bob TimeZone=Europe/Rome
backend one TimeZone=Asia/Tokyo

# The backend is as ann needs it.
ann: Query "select now()"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "select now()"
    read: one
one: RowDescription now:text; DataRow "12:00+09"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: RowDescription now:text; DataRow "12:00+09"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing

# bob gets the same backend. It is told where he lives before it sees his request.
bob: Query "select now()"
    wanted: a backend for bob
    owed: Query
bob leases one
    to one: Query "SELECT E'TimeZone',pg_catalog.set_config(E'TimeZone',E'Europe/Rome',false);"; Query "select now()"
    read: one
    owed: (Query), Query

# The answer of the hidden request does not reach bob. The server reports the parameter that has changed, which bob
# has already; the report goes the same way.
one: RowDescription ?column?:text set_config:text; DataRow "TimeZone" "Europe/Rome"; CommandComplete "SELECT 1"
    read: one
one: ParameterStatus TimeZone "Europe/Rome"; ReadyForQuery I
    read: one
    owed: Query
one: RowDescription now:text; DataRow "05:00+02"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to bob: RowDescription now:text; DataRow "05:00+02"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: bob
    owed: nothing

# A second request of bob's finds it as he has left it.
bob: Query "select now()"
    wanted: a backend for bob
    owed: Query
bob leases one
    to one: Query "select now()"
    read: one
one: RowDescription now:text; DataRow "05:00+02"; CommandComplete "SELECT 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to bob: RowDescription now:text; DataRow "05:00+02"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: bob
    owed: nothing
