package unosql

import "database/sql"

// Stats tells of the pool under a *sql.DB what [sql.DB.Stats] would, which can't: to
// database/sql all of its connections are new, and closed after one use. So a dashboard
// that reads a [sql.DBStats] goes on working when it asks for it here.
//
//	MaxOpenConnections  the pool's hard limit
//	OpenConnections     its backends that are open: InUse and Idle
//	InUse               leased, by whomever, or being made ready for the next
//	WaitCount           leases that were waited for, in the pool's queue
//
// The rest is database/sql's own: WaitCount and WaitDuration are above what the pool says
// only where SetMaxOpenConns made a queue before the pool's. How long the pool's waits are
// is told by the metrics of the system, and more by the pool's own Stats.
//
// Of a *sql.DB that was not made of a pool by this package, as one of [OpenFunc], or whose
// driver something else has wrapped, it is what [sql.DB.Stats] says. It is safe for
// concurrent use.
func Stats(db *sql.DB) sql.DBStats {
	stats := db.Stats()
	under, ok := db.Driver().(nameless)
	if !ok || under.pool == nil {
		return stats
	}
	s := under.pool.Stats()
	stats.MaxOpenConnections, stats.OpenConnections, stats.InUse, stats.Idle = s.HardLimit, s.Size, s.Used+s.Busy, s.Idle
	stats.WaitCount += int64(s.Waits)
	return stats
}
