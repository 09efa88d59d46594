package unoactor_test

import (
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/routing"
)

// Which sessions a route is for, and where it leads.
var routeCases = map[string]settingCase{
	"route.database": routed(func(r *config.Route) { r.Database = "store" }, routing.Intent{Database: "store"}, "default"),
	"route.user":     routed(func(r *config.Route) { r.User = "ann" }, routing.Intent{Database: "shop", User: "bob"}, ""),
	"route.entity":   routed(func(r *config.Route) { r.Entity = "example.com/app.*" }, routing.Intent{Database: "shop"}, ""),
	"route.access":   routed(func(r *config.Route) { r.Access = config.Read }, routing.Intent{Database: "shop", Access: config.Write}, ""),
	"route.labels":   routed(func(r *config.Route) { r.Labels = map[string]string{"tier": "batch"} }, routing.Intent{Database: "shop"}, ""),
	"route.pool":     routed(func(r *config.Route) { r.Pool = "other" }, routing.Intent{Database: "shop"}, "other"),
}

// routed changes the route, and sees where a session goes: to a pool, or nowhere.
func routed(change func(*config.Route), i routing.Intent, pool string) settingCase {
	changed := false
	return settingCase{
		before: func(r *rig, _ *config.Node, _ *config.Pool) {
			changed = false
			r.kept = func(t *config.Topology) {
				if changed {
					change(&t.Routes[0])
				}
			}
		},
		after: func(*rig, *config.Node, *config.Pool) { changed = true },
		sees: func(r *rig) {
			db, err := r.sys.For(i)
			if pool == "" && err == nil || pool != "" && (err != nil || db.Pool().Name() != pool) {
				r.Errorf("%+v: %v, want %q", i, err, pool)
			}
		},
	}
}
