# SET and RESET
#
# What a client sets, the server reports, if it is one of the parameters that it reports. The report makes it the
# client's own, and the next backend is given it. Session state that is not reported can't be carried: see the story of
# the pin.

client ann TimeZone=Asia/Tokyo
backend one TimeZone=UTC
backend two TimeZone=UTC

ann: Query "set timezone to 'Europe/Rome'"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "SELECT E'TimeZone',pg_catalog.set_config(E'TimeZone',E'Asia/Tokyo',false);"; Query "set timezone to
        'Europe/Rome'"
    read: one
    owed: (Query), Query
one: RowDescription ?column?:text set_config:text; DataRow "TimeZone" "Asia/Tokyo"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: one
    owed: Query
one: ParameterStatus TimeZone "Europe/Rome"; CommandComplete "SET"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ParameterStatus TimeZone "Europe/Rome"; CommandComplete "SET"; ReadyForQuery I
    read: ann
    owed: nothing
ann: Query "select 1"
    wanted: a backend for ann
    owed: Query
ann leases two
    to two: Query "SELECT E'TimeZone',pg_catalog.set_config(E'TimeZone',E'Europe/Rome',false);"; Query "select 1"
    read: two
    owed: (Query), Query
two: CommandComplete "SELECT 1"; ReadyForQuery I
    read: two
    owed: Query
two: DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    two goes back
    a transaction is counted
    to ann: DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing

# RESET puts a parameter back to what it was when the client connected. The server puts back what it was when the
# gateway connected, which is another value. So its report is kept from the client, which is told its own value before
# the ReadyForQuery; and the backend, which has the other, is given that value before the client's next request.
ann: Query "reset timezone"
    wanted: a backend for ann
    owed: Query
    state: no transaction; parameters are put back
ann leases two
    to two: Query "reset timezone"
    read: two
two: ParameterStatus TimeZone "UTC"; CommandComplete "RESET"
    to ann: CommandComplete "RESET"
    read: two
two: ReadyForQuery I
    two goes back
    a transaction is counted
    to ann: ParameterStatus TimeZone "Asia/Tokyo"; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction
ann: Query "select 2"
    wanted: a backend for ann
    owed: Query
ann leases two
    to two: Query "SELECT E'TimeZone',pg_catalog.set_config(E'TimeZone',E'Asia/Tokyo',false);"; Query "select 2"
    read: two
    owed: (Query), Query
