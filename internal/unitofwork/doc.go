// Package unitofwork keeps what a session knows of objects and their rows, and decides what
// a flush writes, in which order, and what a rollback undoes.
//
//	Add, Delete, Attach ──▶ Unit ──▶ Plan ──▶ Write ──▶ an exchange with a Backend
//	                         ▲ │                            │
//	   Begun, Committed,     │ └─ an entry an object: what it was when its row was last heard of
//	   RolledBack ───────────┘
//
// Three decisions are pure functions, with tables of pictures as their tests: plan (what is
// inserted, updated, deleted, adopted), arrange (in which order), undo (what becomes of each
// object when a transaction is rolled back). The unit performs them.
//
// A unit is told of transactions by the session and begins none: see [Unit.Begun]. It writes
// no SQL of its own about tables, which is the mapper's (package mapping), and opens no
// connection: it has a [Backend] for the time of a call.
package unitofwork
