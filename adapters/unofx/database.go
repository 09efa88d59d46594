package unofx

import (
	"fmt"
	"strings"

	"go.uber.org/fx"

	"github.com/unoactor/unoactor"
)

// Database provides a pool as a *unoactor.DB with its name as the name:
//
//	type params struct {
//		fx.In
//		Analytics *unoactor.DB `name:"analytics"`
//	}
//
// That the topology has no such pool is the error of fx.New, if anybody asks for it.
func Database(pool string) fx.Option {
	return fx.Provide(fx.Annotate(
		func(sys *unoactor.System) (*unoactor.DB, error) { return sys.DB(pool) },
		fx.ResultTags(fmt.Sprintf("name:%q", pool)),
	))
}

// defaultPool is the pool that is meant where none is named.
const defaultPool = "default"

func defaultDB(sys *unoactor.System) (*unoactor.DB, error) {
	pools := sys.Tree().Pools()
	if len(pools) == 1 {
		return sys.DB(pools[0].Name())
	}
	var names []string
	for _, p := range pools {
		if p.Name() == defaultPool {
			return sys.DB(defaultPool)
		}
		names = append(names, p.Name())
	}
	return nil, fmt.Errorf(`the topology has several pools and none named %q (it has %s): provide one with unofx.Database and ask for it by name, as in `+
		"`name:%q`", defaultPool, strings.Join(names, ", "), names[0])
}
