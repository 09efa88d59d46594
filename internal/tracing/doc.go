// Package tracing is what statements are told by, beside the tracer that a program gives:
// [Echo] writes each into the log, [Batch] tells pgx's tracers of batches that are sent past
// pgx. A tracer is wrapped as all that it is, since pgx looks at its type: see
// [conn.TracersOf].
//
// The package decides what of a statement is told: its text, and never its arguments; no
// literals where the text may hold a password or where the unit of work wrote it; of an
// error of the server's the SQLSTATE alone, since its message may quote values. It never
// changes, holds up or repeats a statement.
package tracing
