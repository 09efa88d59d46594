// Package twophase decides how a transaction over several databases is committed in all of
// them or in none, by PostgreSQL's two-phase commit, and what becomes of what a crash left
// prepared. It imports nothing but the standard library: a transaction and a database are
// two small interfaces, [Transaction] and [Database], which the caller implements.
//
// One of the databases that were written to, the coordinator, is not prepared: its own
// COMMIT is the decision. [Elect] chooses it, and [Knowledge.Next] says what to do next by
// what is known:
//
//	each of the others     open ──PREPARE──► prepared ──────► finished
//	                        │                   │                 ▲
//	                        ├─ refused          └─ out of time ───┼─► left to recovery
//	                        └─ unanswered: doubtful ──────────────┘
//
//	the decision           none ──the coordinator's COMMIT──► committed, or rolled back
//	                        │              └─ unanswered: its server is asked ─► unknown
//	                        └─ a participant is refused or doubtful ─► rolled back
//
// [Commit] performs those steps; [Recover] and [Background] finish what a process left that
// died, or that could not reach a server in time. A prepared transaction is named after its
// coordinator's ([Name]), so that any process that can reach the coordinator's server can
// learn the decision, and nothing but the databases themselves has to remember it. A
// coordinator without a committed transaction of that id has rolled back ("presumed abort":
// Mohan, Lindsay and Obermarck, Transaction Management in the R* Distributed Database
// Management System, 1986).
//
// The package never finishes a prepared transaction whose name it does not know, or whose
// coordinator has not decided, or has forgotten; never commits a participant before the
// coordinator's COMMIT was answered, or its server has said that the transaction is
// committed; and never repeats a PREPARE or a COMMIT.
package twophase
