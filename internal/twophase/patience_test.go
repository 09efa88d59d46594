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
