package progress_test

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/unoactor/unoactor/bench/progress"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatIsLeftStretchesWithWhatTookLonger(t *testing.T) {
	var out strings.Builder
	clock := time.Unix(0, 0)
	p := progress.New(&out, func() time.Time { return clock })
	p.Plan(100 * time.Second)
	lastLine := func() string {
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		return lines[len(lines)-1]
	}
	for _, step := range []struct {
		took, planned time.Duration
		want          string
	}{
		{0, 0, "1m40s left"},
		{20 * time.Second, 10 * time.Second, "3m0s left"}, // twice as slow as planned
		{20 * time.Second, 70 * time.Second, "10s left"},  // half as slow
		{time.Second, 30 * time.Second, "0s left"},        // more than was planned
	} {
		clock = clock.Add(step.took)
		p.Done(step.planned)
		p.Start("next")
		if got := lastLine(); !strings.HasPrefix(got, "next ") || !strings.HasSuffix(got, " "+step.want) {
			t.Errorf("%q, want %q", got, step.want)
		}
	}
	if p.Say("skipped: %s", "why"); lastLine() != "skipped: why" {
		t.Errorf("%q", lastLine())
	}
}
