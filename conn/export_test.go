package conn

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// Overload is overload, with durations.
type Overload struct{ o overload }

func (o *Overload) Set(target, interval time.Duration) { o.o.set(0, target, interval) }
func (o *Overload) Served(now, waited time.Duration)   { o.o.served(int64(now), int64(waited)) }
func (o *Overload) Look(now, longest time.Duration)    { o.o.endInterval(int64(now), int64(longest)) }
func (o *Overload) Emptied()                           { o.o.emptied() }
func (o *Overload) TooLong(waited time.Duration) bool  { return o.o.tooLong(int64(waited)) }

// Layout tells of a pool's layout: slots, shards, and the fullest and the emptiest shard.
func (s *Slots) Layout() (slots, shards, fullest, emptiest int) {
	l := s.layout.Load()
	emptiest = shardSlots
	for _, sh := range l.shards {
		n := 0
		for _, sl := range sh.slots {
			if sl != nil {
				n++
			}
		}
		fullest, emptiest = max(fullest, n), min(emptiest, n)
	}
	return len(l.slots), len(l.shards), fullest, emptiest
}

// PgxConfig is what the dialer says to pgx.
func (d *Dialer) PgxConfig() *pgx.ConnConfig { return d.pgx }
