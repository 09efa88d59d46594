// Package transcript writes messages of the PostgreSQL protocol as text that one reads, and reads it back: for tests
// that tell what two sides say. It decides nothing, and no program imports it.
//
//	Parse "" "select $1" int4; Bind "" "" "7"; Execute; Sync
//	ParseComplete; BindComplete; DataRow "7"; CommandComplete "SELECT 1"; ReadyForQuery I
//
// What a message does not say is left out: Bind alone is of the unnamed statement, without values. Of a long run of one
// letter the text says how long it is: "{x*40000}". A message that the notation has no words for is written as its
// bytes, so that what was written is always read back as it was: Bind raw "\x00...".
package transcript
