package supervisor_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
)

func TestHealthIsTheWorstOfWhatIsFound(t *testing.T) {
	down := errors.New("connection refused")
	busy := conn.Stats{Size: 2, Used: 1, Idle: 1, SoftLimit: 10, HardLimit: 10}
	up := actors.NodeView{Name: "main", Up: true}
	dead := actors.NodeView{Name: "main", Err: down}
	for name, c := range map[string]struct {
		change func(*supervisor.Vitals)
		want   supervisor.Health
		says   string
	}{
		"all is well":                      {func(*supervisor.Vitals) {}, supervisor.OK, ""},
		"closed":                           {func(v *supervisor.Vitals) { v.Closed = true }, supervisor.Critical, "closed"},
		"somebody waits":                   {func(v *supervisor.Vitals) { v.Stats.Waiting = 3 }, supervisor.Warning, "3 wait"},
		"nearly full":                      {func(v *supervisor.Vitals) { v.Stats.Used = 8 }, supervisor.Warning, "8 of at most 10"},
		"paused":                           {func(v *supervisor.Vitals) { v.Stats.Paused = true }, supervisor.Warning, "paused"},
		"the node is down, backends serve": {func(v *supervisor.Vitals) { v.Node = dead }, supervisor.Warning, "2 backends serve"},
		"the node is down, nothing serves": {func(v *supervisor.Vitals) { v.Node, v.Stats.Used, v.Stats.Idle = dead, 0, 0 }, supervisor.Critical, "connection refused"},
		"the breaker is open":              {func(v *supervisor.Vitals) { v.Node.Breaker = messages.BreakerOpen }, supervisor.Critical, "breaker"},
		"refused, nothing serves": {func(v *supervisor.Vitals) { v.Refused, v.Stats.Used, v.Stats.Idle = down, 0, 0 },
			supervisor.Critical, "the pool can't connect"},
		"refused, backends serve": {func(v *supervisor.Vitals) { v.Refused = down }, supervisor.Warning, "can't open more backends"},
		"a connect failed":        {func(v *supervisor.Vitals) { v.Failure = &conn.Failure{Err: down} }, supervisor.Warning, "last attempt"},
		"read only":               {func(v *supervisor.Vitals) { v.ReadOnly = true }, supervisor.Warning, "no writes"},
		"a leak just now":         {func(v *supervisor.Vitals) { v.LastLeak = v.Now.Add(-time.Second) }, supervisor.Warning, "leaked 1s ago"},
		"a leak long ago":         {func(v *supervisor.Vitals) { v.LastLeak = v.Now.Add(-time.Hour) }, supervisor.OK, ""},
		"several":                 {func(v *supervisor.Vitals) { v.Stats.Waiting, v.Closed = 1, true }, supervisor.Critical, "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			v := supervisor.Vitals{Stats: busy, Node: up, Now: time.Now()}
			c.change(&v)
			got := supervisor.Assess(v)
			if got.Status != c.want || (c.says == "") != (len(got.Details) == 0) || c.says != "" && !strings.Contains(got.Details[0], c.says) {
				t.Errorf("%v %q", got.Status, got.Details)
			}
			if got.Metrics["hard_limit"] != 10 || got.Metrics["breaker"] != v.Node.Breaker.String() {
				t.Errorf("metrics: %v", got.Metrics)
			}
		})
	}
	if !slices.IsSorted([]supervisor.Health{supervisor.OK, supervisor.Warning, supervisor.Critical}) || supervisor.Critical.String() != "CRITICAL" {
		t.Error("the worst is not the greatest")
	}
}
