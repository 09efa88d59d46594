# COPY OUT
#
# COPY TO STDOUT is a long answer and nothing else: the data goes to the client as it comes, and the request ends with
# its ReadyForQuery. A line that is longer than what is read at once is passed on in parts.

client ann
backend one

ann: Query "copy x to stdout"
    wanted: a backend for ann
    owed: Query
ann leases one
    to one: Query "copy x to stdout"
    read: one
one: CopyOutResponse; CopyData "1\n"
    to ann: CopyOutResponse; CopyData "1\n"
    read: one
one: CopyData "{x*20000}\n", first 16384 bytes
    to ann: CopyData [bytes 1 to 16384 of 20006]
    read: one
one: rest
    to ann: CopyData [bytes 16385 to 20006 of 20006]
    read: one
one: CopyDone; CommandComplete "COPY 2"; ReadyForQuery I
    one goes back
    a transaction is counted
    to ann: CopyDone; CommandComplete "COPY 2"; ReadyForQuery I
    read: ann
    owed: nothing
