package conn_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

func TestAJournalKeepsTheLastDecisionsInOrder(t *testing.T) {
	var j conn.Journal
	if got := j.Last(5); len(got) != 0 {
		t.Errorf("an empty journal has %v", got)
	}
	for i := range 1000 {
		j.Write(conn.Decision{What: conn.Opening, Slot: i})
	}
	got := j.Last(3)
	if len(got) != 3 || got[0].Slot != 997 || got[2].Slot != 999 {
		t.Errorf("the last three are %v", got)
	}
	if got := j.Last(1 << 20); len(got) < 100 || got[len(got)-1].Slot != 999 {
		t.Errorf("it keeps %d", len(got))
	}
}

func TestADecisionThatIsRepeatedTakesOneLine(t *testing.T) {
	var j conn.Journal
	j.Write(conn.Decision{What: conn.Retiring, Slot: 1, Cause: messages.Surplus})
	for range 500 {
		j.Write(conn.Decision{What: conn.Refused, Slot: -1, Note: "timeout"})
	}
	got := j.Last(10)
	if len(got) != 2 || got[1].Times != 500 || got[0].Cause != messages.Surplus {
		t.Errorf("%v", got)
	}
}

func TestADecisionReadsAsALine(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 6e6, time.UTC)
	for want, d := range map[string]conn.Decision{
		"03:04:05.006 retire slot 3.2, lifetime":                        {What: conn.Retiring, Slot: 3, Incarnation: 2, Cause: messages.LifetimeOver},
		"03:04:05.006 refuse, after 1s: timeout":                        {What: conn.Refused, Slot: -1, Waited: time.Second, Note: "timeout"},
		"03:04:05.006 resize: from 2 to 4: 3 wait":                      {What: conn.Resizing, Slot: -1, Note: "from 2 to 4: 3 wait"},
		"03:04:05.006 open slot 0: to keep min_idle (2 times in a row)": {What: conn.Opening, Slot: 0, Note: "to keep min_idle", Times: 2},
	} {
		d.At = at
		if got := fmt.Sprint(d); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWritingToAJournalAllocatesNothing(t *testing.T) {
	var j conn.Journal
	i := 0
	if n := testing.AllocsPerRun(1000, func() { i++; j.Write(conn.Decision{What: conn.Opening, Slot: i}) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
