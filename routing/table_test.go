package routing_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/routing"
)

var three = routing.NewTable(config.Topology{
	Pools: []config.Pool{{Name: "default"}, {Name: "analytics"}, {Name: "reporting"}, {Name: "replica"}},
	Routes: []config.Route{
		{Name: "metrics", Entity: "example.com/app/analytics.*", Pool: "analytics"},
		{Name: "invoices", Entity: "example.com/app/billing.Invoice", Access: config.Read, Pool: "reporting"},
		{Name: "night", Database: "app", User: "cron", Labels: map[string]string{"tier": "batch"}, Pool: "reporting"},
		{Name: "reads", Database: "app", Access: config.Read, Pool: "replica"},
		{Name: "app", Database: "app", Access: config.Any, Pool: "default"},
	},
})

func TestPickTakesTheFirstRouteThatMatches(t *testing.T) {
	for name, c := range map[string]struct {
		intent     routing.Intent
		pool, rule string
	}{
		"entity by prefix":                    {routing.Intent{Entity: "example.com/app/analytics.Metric"}, "analytics", `route "metrics"`},
		"entity exactly, for reading":         {routing.Intent{Entity: "example.com/app/billing.Invoice", Access: config.Read}, "reporting", `route "invoices"`},
		"a write is not a read":               {routing.Intent{Database: "app", Access: config.Write}, "default", `route "app"`},
		"a read":                              {routing.Intent{Database: "app", Access: config.Read}, "replica", `route "reads"`},
		"who says nothing may write":          {routing.Intent{Database: "app"}, "default", `route "app"`},
		"label and user":                      {routing.Intent{Database: "app", User: "cron", Labels: map[string]string{"tier": "batch", "x": "y"}}, "reporting", `route "night"`},
		"a label that differs":                {routing.Intent{Database: "app", User: "cron", Labels: map[string]string{"tier": "web"}}, "default", `route "app"`},
		"a pool of the database's name":       {routing.Intent{Database: "analytics"}, "analytics", "the pool has the database's name"},
		"no database at all":                  {routing.Intent{}, "default", `the pool is named "default"`},
		"an entity that no route knows":       {routing.Intent{Entity: "example.com/app/users.User"}, "default", `the pool is named "default"`},
		"an entity and a database of a route": {routing.Intent{Entity: "example.com/app/users.User", Database: "app"}, "default", `route "app"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := three.Pick(c.intent)
			if err != nil || got.Pool != c.pool || got.Rule != c.rule {
				t.Errorf("got %+v, %v; want pool %q by %q", got, err, c.pool, c.rule)
			}
		})
	}
}

func TestTheOnlyPoolTakesWhoNamesNoDatabase(t *testing.T) {
	table := routing.NewTable(config.Topology{Pools: []config.Pool{{Name: "solo"}}})
	if got, err := table.Pick(routing.Intent{User: "somebody"}); err != nil || got.Pool != "solo" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := table.Pick(routing.Intent{Database: "other"}); err == nil {
		t.Error("a database that the topology does not name was routed")
	}
}

func TestAnUnroutableSessionIsToldWhichRoutesWereTried(t *testing.T) {
	_, err := three.Pick(routing.Intent{Database: "nowhere", User: "ann", Labels: map[string]string{"b": "2", "a": "1"}})
	var none *routing.NoRouteError
	if !errors.As(err, &none) || len(none.Tried) != 5 {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		`database "nowhere", user "ann", label a="1", label b="2"`,
		`route "metrics": it wants entity "example.com/app/analytics.*"`,
		`route "reads": it wants database "app"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestASessionWithoutARouteIsToldWhichPoolIsOfItsDatabase(t *testing.T) {
	for name, c := range map[string]struct {
		topology config.Topology
		want     string
	}{
		"one": {config.Topology{Pools: []config.Pool{{Name: "default", Database: "app"}, {Name: "other", Database: "b"}}},
			`no pool for a session with database "app": there is no route, and no pool of that name; "default" names a pool of that database: ` +
				`ask for that, or add a route with database = "app" and pool = pool.default`},
		"two": {config.Topology{Pools: []config.Pool{{Name: "y", Database: "app"}, {Name: "x", Database: "app"}},
			Routes: []config.Route{{Name: "r", Database: "b", Pool: "y"}}},
			`no pool for a session with database "app"; tried route "r": it wants database "b"; "x" or "y" names a pool of that database: ` +
				`ask for that, or add a route with database = "app" and pool = pool.x`},
		"none": {config.Topology{Pools: []config.Pool{{Name: "default", Database: "b"}}},
			`no pool for a session with database "app": there is no route, and no pool of that name`},
	} {
		if _, err := routing.NewTable(c.topology).Pick(routing.Intent{Database: "app"}); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, c.want)
		}
	}
}

func TestPickingAllocatesNothingForARouteThatMatchesFirst(t *testing.T) {
	table := routing.NewTable(config.Topology{Pools: []config.Pool{{Name: "default"}}})
	intent := routing.Intent{Database: "default"}
	if n := testing.AllocsPerRun(100, func() { _, _ = table.Pick(intent) }); n != 0 {
		t.Errorf("%v allocations a pick", n)
	}
}

func TestAPoolThatTakesNoWritesIsPassedOverByWritesWhereAnotherRouteMatches(t *testing.T) {
	table := routing.NewTable(config.Topology{
		Pools:  []config.Pool{{Name: "old"}, {Name: "new"}},
		Routes: []config.Route{{Name: "first", Pool: "old"}, {Name: "second", Database: "shop", Pool: "new"}},
	})
	pick := func(t *routing.Table, database string, access config.Access) string {
		choice, err := t.Pick(routing.Intent{Database: database, Access: access})
		if err != nil {
			return err.Error()
		}
		return choice.Pool
	}
	demoted := table.With("old", true)
	for name, c := range map[string]struct {
		table    *routing.Table
		database string
		access   config.Access
		want     string
	}{
		"before, it is the first that matches":       {table, "shop", config.Write, "old"},
		"a write goes elsewhere":                     {demoted, "shop", config.Write, "new"},
		"so does what may write":                     {demoted, "shop", "", "new"},
		"a read stays":                               {demoted, "shop", config.Read, "old"},
		"a write without another route stays too":    {demoted, "other", config.Write, "old"},
		"when it takes writes again, all is as was":  {demoted.With("old", false), "shop", config.Write, "old"},
		"the table that it was made of is unchanged": {table, "shop", config.Write, "old"},
	} {
		if got := pick(c.table, c.database, c.access); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
