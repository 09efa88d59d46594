package twophase_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/unoactor/unoactor/internal/twophase"
)

// unanswering is a transaction whose COMMIT is sent and not answered.
type unanswering struct{}

func (unanswering) Prepare(context.Context, string) (twophase.Reply, error) {
	return twophase.Done, nil
}

func (unanswering) Commit(context.Context) (twophase.Reply, error) {
	return twophase.Unanswered, errNoAnswer
}

func (unanswering) Finish(context.Context, string, bool) (bool, error) { return true, nil }

func TestACoordinatorThatHasNotDecidedIsAskedForFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := twophase.Member{XID: "7", Transaction: unanswering{}, Database: &fixed{status: twophase.InProgress}}
		began := time.Now()
		out := twophase.Commit(t.Context(), m, []twophase.Member{m})
		if out.Decision != twophase.Unknown || len(out.Left) != 1 {
			t.Errorf("%+v", out)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it was asked for %v", took)
		}
	})
}

// gone is a database whose pool was removed.
type gone struct{ *fixed }

func (gone) Status(context.Context, string) (twophase.Status, error) { return "", twophase.ErrGone }

func TestALeftoverIsAwaitedUntilItsServerSaysThatItIsOverOrItIsGone(t *testing.T) {
	for name, c := range map[string]struct {
		database twophase.Database
		awaited  bool
	}{
		"in progress": {&fixed{status: twophase.InProgress}, true},
		"silent":      {&fixed{fails: "Status"}, true},
		"over":        {&fixed{status: twophase.WasCommitted}, false},
		"forgotten":   {&fixed{}, false},
		"gone":        {gone{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				looks := 0
				b := twophase.NewBackground(func(context.Context) bool { looks++; return false }, func(any) {})
				b.Wake(twophase.Leftover{Member: twophase.Member{XID: "7", GID: "g", Database: c.database}})
				time.Sleep(time.Hour) //nolint:forbidigo // how time passes in the bubble
				b.Stop()
				if (looks > 1) != c.awaited {
					t.Errorf("looked %d times", looks)
				}
			})
		})
	}
}
