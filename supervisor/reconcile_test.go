package supervisor_test

import (
	"strings"
	"testing"

	"github.com/unoactor/unoactor/supervisor"
)

// A picture is drawn as one letter a slot: . empty, ~ opening, i idle, B leased,
// c claimed, x leaving, X leaving for its age, L the same, still leased, l empty since it was lost,
// o idle for longer than the timeout, e idle and too old, E leased and too old;
// _ R r the reserve: empty, leased, idle.
func TestReconcileClosesTheGapBetweenWantedAndPresent(t *testing.T) {
	for name, c := range map[string]struct {
		size, minIdle int
		slots         string
		state         string // waiting=N kept=N warm=N spared=N overflow=N draining blocked paused admin
		want          string
	}{
		"nothing is wanted, nothing is opened":                     {4, 0, "....", "", ""},
		"one waits, one opens":                                     {4, 0, "....", "waiting=1", "open 0"},
		"two wait, one is on its way":                              {4, 0, "~...", "waiting=2", "open 1"},
		"waiters open no more than there is room for":              {2, 0, "B...", "waiting=9", "open 1, open 2, open 3"},
		"what is leaving keeps its slot":                           {4, 0, "xxBB", "waiting=9", ""},
		"a reserve is opened":                                      {4, 2, "....", "", "open 0, open 1"},
		"a reserve counts what is on its way":                      {4, 2, "~...", "", "open 1"},
		"what is on its way to somebody who waits is no reserve":   {4, 1, "~...", "waiting=1", "open 1"},
		"a reserve never exceeds the size":                         {2, 2, "BB..", "", ""},
		"a lost slot is opened again, itself":                      {4, 0, "..l.", "", "open 2"},
		"lost overflow is not missed":                              {2, 0, "BBl.", "", ""},
		"a blocked pool opens nothing":                             {4, 2, "..l.", "waiting=3 blocked", ""},
		"an idle one beyond the size goes":                         {2, 0, "iBi.", "", "retire 2 surplus"},
		"the highest goes, so one that is leased goes at checkin":  {2, 0, "iiB.", "", ""},
		"unless somebody waits":                                    {2, 0, "BBi.", "waiting=1", "open 3"},
		"one that is idle for too long goes":                       {4, 0, "io..", "", "retire 1 idle_timeout"},
		"unless it is the reserve":                                 {4, 2, "io..", "", ""},
		"of several that are idle for too long the reserve stays":  {4, 1, "ooo.", "", "retire 0 idle_timeout, retire 1 idle_timeout"},
		"an old one is relieved by a new one":                      {4, 0, "e...", "", "open 1 for 0"},
		"a leased old one too":                                     {4, 0, "E...", "", "open 1 for 0"},
		"an old one without room for another goes first":           {2, 0, "eB", "", "retire 0 lifetime"},
		"one at a time is replaced in a small pool":                {4, 0, "eeee....", "", "open 4 for 0"},
		"and no other while one is on its way out":                 {4, 0, "eeeX....", "", ""},
		"one that is leased on its way out holds up no idle one":   {4, 0, "eeeL....", "", "open 4 for 0"},
		"without room, a leased one and an idle one at a time":     {4, 0, "EEee", "overflow=0", "retire 0 lifetime, retire 2 lifetime"},
		"without room, none while another is being opened":         {4, 0, "ee~e", "overflow=0", ""},
		"two at a time in a pool of sixteen":                       {16, 0, "eeeeiiiiiiiiiiii....", "", "open 16 for 0, open 17 for 1"},
		"a blocked pool keeps its old ones":                        {4, 0, "e...", "blocked", ""},
		"a draining pool lets all go":                              {4, 2, "i~Bx.", "draining waiting=1", "retire 0 drained, retire 1 drained, retire 2 drained"},
		"what is being checked is in reserve soon":                 {4, 2, "ic..", "", ""},
		"a paused pool opens nothing":                              {4, 2, "..l.", "waiting=3 paused", ""},
		"a paused pool gives up what is being connected":           {4, 2, "i~..", "waiting=3 paused", "retire 1 cleared"},
		"a paused pool keeps its old ones":                         {4, 0, "e...", "paused", ""},
		"an operator wants it warm":                                {4, 0, "i...", "warm=3", "open 1, open 2"},
		"warm beyond the size, up to the hard limit":               {2, 0, "ii..", "warm=4", "open 2, open 3"},
		"what was warmed up is not closed again meanwhile":         {2, 0, "iii~", "warm=4 spared=4", ""},
		"a pool that grew keeps more":                              {2, 0, "iii.", "kept=3", ""},
		"a pool that grew keeps no more than that":                 {2, 0, "iiii", "kept=3", "retire 3 surplus"},
		"a pool that shrank lets go of all beyond its limit":       {2, 0, "BBBB", "overflow=1 waiting=5", "retire 3 surplus"},
		"a pool that shrank opens nothing while it is too large":   {2, 0, "x.xx", "overflow=1 waiting=5", ""},
		"what is being connected beyond the limit is given up":     {2, 0, "B~~~", "overflow=0 waiting=5", "retire 3 surplus, retire 2 surplus"},
		"a lease beyond the limit is made room for by an idle one": {2, 0, "iBL.", "overflow=0", "retire 0 surplus"},
		"and one when there is room for one":                       {2, 0, "x..x", "overflow=1 waiting=5", "open 1"},
		"the reserve is opened for an administrator":               {2, 0, "BB_", "overflow=0 waiting=1 admin", "open 2"},
		"not while there is room":                                  {2, 0, "B._", "overflow=0 waiting=1 admin", "open 1"},
		"nor for others":                                           {2, 0, "BB_", "overflow=0 waiting=1", ""},
		"the reserve stays while it is used":                       {2, 0, "BBR", "overflow=0", ""},
		"and goes when it is not":                                  {2, 0, "BBr", "overflow=0", "retire 2 surplus"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := supervisor.Reconcile(c.size, c.minIdle, c.slots, c.state, nil); got != c.want {
				t.Errorf("slots %s %s:\n got %q\nwant %q", c.slots, c.state, got, c.want)
			}
		})
	}
}

func TestAReplacementThatServesRelievesTheOldOne(t *testing.T) {
	got := supervisor.Reconcile(2, 0, "eBi.", "", map[int]int{2: 0})
	if got != "retire 0 lifetime" {
		t.Errorf("got %q", got)
	}
	got = supervisor.Reconcile(2, 0, "eB~.", "", map[int]int{2: 0})
	if got != "" {
		t.Errorf("before it serves: got %q", got)
	}
}

func TestEveryCauseHasAFate(t *testing.T) {
	for _, line := range supervisor.Fates() {
		if strings.Contains(line, "missing") {
			t.Error(line)
		}
	}
}
