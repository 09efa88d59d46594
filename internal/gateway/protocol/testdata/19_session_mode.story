# Session mode
#
# In session mode a client leases a backend with its first request and keeps it until it disconnects. Everything works
# as without the gateway: nothing is kept, refused or put ahead, but for the client's own parameters, once.

client ann session TimeZone=Asia/Tokyo
backend one TimeZone=UTC

ann: Parse "s" "select $1::int"; Sync
    wanted: a backend for ann
    owed: Parse, Sync
ann leases one
    to one: Query "SELECT E'TimeZone',pg_catalog.set_config(E'TimeZone',E'Asia/Tokyo',false);"; Parse "s" "select
        $1::int"; Sync
    read: one
    owed: (Query), Parse, Sync
one: CommandComplete "SELECT 1"; ReadyForQuery I; ParseComplete; ReadyForQuery I
    a transaction is counted
    to ann: ParseComplete; ReadyForQuery I
    read: ann
    owed: nothing
ann: Bind "" "s" "7"; Execute; Sync
    to one: Bind "" "s" "7"; Execute; Sync
    read: one
    owed: Bind, Execute, Sync
one: BindComplete; DataRow "7"; CommandComplete "SELECT 1"; ReadyForQuery I
    a transaction is counted
    to ann: BindComplete; DataRow "7"; CommandComplete "SELECT 1"; ReadyForQuery I
    read: ann
    owed: nothing

# The session lives and dies with its server: its FATAL is passed on, and ends the client's connection.
ann: Query "select pg_sleep(60)"
    to one: Query "select pg_sleep(60)"
    read: one
    owed: Query
one: ErrorResponse FATAL 57P01 "terminating connection due to administrator command"
    to ann: ErrorResponse FATAL 57P01 "terminating connection due to administrator command"
    wanted: the end of ann
    state: no transaction; the server is not to be spoken to
ann goes
    one is closed: the server said: terminating connection due to administrator command; what the client has set there
        must be reset
    state: no transaction; the client has gone
