package supervisor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

func TestDynamicSizingGrowsWithLoadAndShrinksAfterACoolDown(t *testing.T) {
	s := config.Sizing{Step: 3, GrowAt: 0.8, GrowWaiting: 2, ShrinkAt: 0.5, CoolDown: time.Minute}
	for name, c := range map[string]struct {
		kept, used, waiting int
		quiet               time.Duration
		want                int
		why                 string
	}{
		"calm":                           {10, 5, 0, 0, 10, ""},
		"just below the threshold":       {10, 7, 0, 0, 10, ""},
		"at the threshold":               {10, 8, 0, 0, 13, "8 of 10 are in use"},
		"too few wait":                   {10, 7, 1, 0, 10, ""},
		"enough wait":                    {10, 7, 2, 0, 13, "2 wait"},
		"no further than the hard limit": {19, 19, 9, 0, 20, "9 wait"},
		"nor beyond it":                  {20, 20, 9, 0, 20, ""},
		"quiet, but not for long enough": {16, 2, 0, 59 * time.Second, 16, ""},
		"quiet for long enough":          {16, 2, 0, time.Minute, 13, "2 of 16 are in use, few for 1m0s"},
		"no further than the size":       {11, 2, 0, time.Hour, 10, "2 of 11 are in use, few for 1h0m0s"},
		"nor below it":                   {10, 0, 0, time.Hour, 10, ""},
	} {
		if got, why := supervisor.Suggest(s, 10, 20, c.kept, c.used, c.waiting, c.quiet); got != c.want || why != c.why {
			t.Errorf("%s: got %d, %q, want %d, %q", name, got, why, c.want, c.why)
		}
	}
	if got, _ := supervisor.Suggest(config.Sizing{}, 10, 20, 10, 10, 100, 0); got != 10 {
		t.Errorf("off, and yet %d", got)
	}
}

func TestDynamicSizingKeepsBackendsUnderLoadAndLetsThemGoAfterwards(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) {
		p.Size, p.MaxOverflow = 1, 3
		p.Sizing = config.Sizing{Step: 1, CoolDown: 100 * time.Millisecond}
	}))
	leases := acquireAll(t, p, 4)
	eventually(t, "the pool keeps four", func() bool { return p.Stats().SoftLimit == 4 })
	for _, l := range leases {
		l.Release()
	}
	eventually(t, "the pool keeps one again", func() bool { st := p.Stats(); return st.SoftLimit == 1 && st.Size == 1 })
	var lines []string
	for _, d := range p.Why(100) {
		if d.What == conn.Resizing {
			lines = append(lines, d.Note)
		}
	}
	if len(lines) != 6 || !strings.HasPrefix(lines[0], "from 1 to 2: ") || !strings.HasPrefix(lines[5], "from 2 to 1: ") {
		t.Errorf("decisions: %q", lines)
	}
}
