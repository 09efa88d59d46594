# A named statement is refused
#
# In transaction mode the next transaction may run on another backend, which does not have the statement. So the Parse
# of a named statement fails. It must fail on the server too, since a failed statement aborts the transaction and the
# rest of the batch: a Parse that can't succeed is sent in its place, and the server's error is replaced by one that
# says what is the matter. The hint is for the driver that names its statements like this.

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
ann: Parse "S_1" "select 1"; Bind "" "S_1"; Execute; Sync
    to one: Parse "unoactor" "unoactor_refuses_named_statements_pgjdbc"; Bind "" "S_1"; Execute; Sync
    read: one
    owed: Parse, Bind, Execute, Sync
one: ErrorResponse 42601 "syntax error at or near \"unoactor_refuses_named_statements_pgjdbc\""; ReadyForQuery E
    to ann: ErrorResponse 0A000 "named prepared statements are not supported in transaction mode" "The next transaction
        may run on another backend, which does not have the statement." "pgjdbc: set prepareThreshold=0; with
        autosave=always or conservative, whose savepoints are named statements whatever that is, set
        preferQueryMode=simple. Or set mode = \"session\" for the pool, where everything works as without the
        gateway."; ReadyForQuery E
    read: ann
    owed: nothing
    state: in a failed transaction
ann: Query "rollback"
    to one: Query "rollback"
    read: one
    owed: Query
one: CommandComplete "ROLLBACK"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: CommandComplete "ROLLBACK"; ReadyForQuery I
    read: ann
    owed: nothing
    state: no transaction
