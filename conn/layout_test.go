package conn_test

import (
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
)

func TestAPoolThatGrowsFillsItsShardsAlikeAndNeverShrinks(t *testing.T) {
	p := config.Pool{Name: "default", Size: 1, AcquireTimeout: time.Second, QueueTarget: config.Never, LeakAfter: config.Never}
	s := conn.NewSlots(conn.Options{Pool: p, Owner: &keeper{}})
	for _, hard := range []int{1, 5, 16, 17, 40, 200, 3} {
		p.Size = hard
		had, _, _, _ := s.Layout()
		s.Resize(p)
		slots, shards, fullest, emptiest := s.Layout()
		if want := max(had, hard+1); slots != want || s.Len() != want {
			t.Errorf("%d: %d slots, want %d with the reserve", hard, slots, want)
		}
		if shards&(shards-1) != 0 || fullest > 16 || fullest-emptiest > 8 {
			t.Errorf("%d: %d shards of %d to %d slots", hard, shards, emptiest, fullest)
		}
		if st := s.Stats(); st.HardLimit != hard || st.SoftLimit != hard {
			t.Errorf("%d: %+v", hard, st)
		}
		if s.Reserve() != 1 {
			t.Errorf("%d: the reserve moved to %d", hard, s.Reserve())
		}
	}
}

func TestTheOrderFifoLendsWhatWasIdleLongest(t *testing.T) {
	for order, want := range map[config.Order][]int{
		config.FIFO: {0, 1, 2, 3, 0, 1, 2, 3},
		config.LIFO: {0, 0, 0, 0, 0, 0, 0, 0},
	} {
		t.Run(string(order), func(t *testing.T) {
			s, _, _, _ := slots(t, 4, func(p *config.Pool, _ *conn.DialerOptions) { p.Order = order })
			first := map[int]int{}
			for i, slot := range want {
				l, b := acquire(t, s)
				if i < 4 {
					first[slot] = b.Slot() // which shard comes first is the goroutine's matter
				} else if b.Slot() != first[slot] {
					t.Errorf("lease %d is of slot %d, want %d", i, b.Slot(), first[slot])
				}
				l.Release()
			}
			distinct := map[int]bool{}
			for _, slot := range first {
				distinct[slot] = true
			}
			if order == config.FIFO && len(distinct) != 4 {
				t.Errorf("only %d backends were used", len(distinct))
			}
		})
	}
}
