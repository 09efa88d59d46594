# COPY IN
#
# COPY FROM STDIN turns the conversation around: the server asks for data, and says nothing until it has all of it, or
# does not like it. Both sides are read meanwhile. The data is passed on as it is. CopyDone ends it, and the server's
# ReadyForQuery ends the request.

client ann
backend one

ann: Query "copy x from stdin"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "copy x from stdin"
    read: one
one: CopyInResponse
    to ann: CopyInResponse
    read: ann and one
    state: no transaction; the server reads COPY data
ann: CopyData "1\n"; CopyData "2\n"
    to one: CopyData "1\n"; CopyData "2\n"
    read: ann and one
ann: CopyDone
    to one: CopyDone
    read: ann and one
    state: no transaction
one: CommandComplete "COPY 2"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: CommandComplete "COPY 2"; ReadyForQuery I
    read: ann
    owed: nothing

# A client need not wait to be asked. But outside of a COPY a server ignores data, and it is not certain that there will
# be one: so the data is held until the server asks for it, or refuses.
ann: Query "copy x from stdin"; CopyData "3\n"; CopyDone
    wanted: a backend for ann
    left over: CopyData "3\n"; CopyDone
    owed: Query
ann leases one
    to one: Query "copy x from stdin"
    read: one
    left over: CopyData "3\n"; CopyDone
one: CopyInResponse
    to ann: CopyInResponse
    read: ann and one
    left over: CopyData "3\n"; CopyDone
    state: no transaction; the server reads COPY data
    ann goes on with what was left over
    to one: CopyData "3\n"; CopyDone
    read: ann and one
    state: no transaction
one: CommandComplete "COPY 1"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: CommandComplete "COPY 1"; ReadyForQuery I
    read: ann
    owed: nothing
ann: Query "copy nobody from stdin"; CopyData "4\n"; CopyDone
    wanted: a backend for ann
    left over: CopyData "4\n"; CopyDone
    owed: Query
ann leases one
    to one: Query "copy nobody from stdin"
    read: one
    left over: CopyData "4\n"; CopyDone
one: ErrorResponse 42P01 "relation \"nobody\" does not exist"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ErrorResponse 42P01 "relation \"nobody\" does not exist"; ReadyForQuery I
    read: ann
    left over: CopyData "4\n"; CopyDone
    owed: nothing
    ann goes on with what was left over
    read: ann

# The client may give up.
ann: Query "copy x from stdin"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "copy x from stdin"
    read: one
one: CopyInResponse
    to ann: CopyInResponse
    read: ann and one
    state: no transaction; the server reads COPY data
ann: CopyData "5\n"; CopyFail "changed my mind"
    to one: CopyData "5\n"; CopyFail "changed my mind"
    read: ann and one
    state: no transaction
one: ErrorResponse 57014 "COPY from stdin failed: changed my mind"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: ErrorResponse 57014 "COPY from stdin failed: changed my mind"; ReadyForQuery I
    read: ann
    owed: nothing
