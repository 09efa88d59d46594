package unoactor

import (
	"context"
	"fmt"
	"reflect"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/routing"
)

// What a session is for, when it is asked for by the type of what it works on.
const (
	Read  = config.Read
	Write = config.Write
)

// Router chooses the pool for an entity, a Go type. What it returns "" for is left to
// the routes of the topology. It is called for each session, by many goroutines at once.
type Router interface {
	ForRead(entity reflect.Type) (pool string)
	ForWrite(entity reflect.Type) (pool string)
}

// SetRouter has r asked first for sessions by type, before the routes of the topology,
// which are asked in the order of their file; nil has nobody asked before them.
func (s *System) SetRouter(r Router) {
	if r == nil {
		s.router.Store(nil)
		return
	}
	s.router.Store(&r)
}

// Session makes a session of a database, which must be closed: of the pool to which
// the routes of the topology send writes for that database, or that bears its name.
// "" is the default one. The error is a [*NoRouteError].
func (s *System) Session(ctx context.Context, database string, overrides ...SessionConfig) (*Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	db, err := s.route(database)
	if err != nil {
		return nil, err
	}
	return db.NewSession(overrides...), nil
}

func (s *System) route(database string) (*DB, error) {
	return s.For(routing.Intent{Database: database, Access: Write})
}

// For finds the pool for an intent by the routes of the topology. The error is a
// [*NoRouteError].
func (s *System) For(i Intent) (*DB, error) {
	p, _, err := s.tree.Route(i)
	if err != nil {
		return nil, err
	}
	return s.database(p), nil
}

// DBFor finds the pool for reading or writing objects of a type: the one that the
// [Router] names, if there is a router and it has an opinion; else by the first route
// of the topology that matches: its entity against the type's package path and name,
// as "example.com/app/users.User", its access, and its labels against those given; else
// the pool named "default", or the only one.
func DBFor[T any](s *System, access Access, labels ...Label) (*DB, error) {
	entity := reflect.TypeFor[T]()
	for entity.Kind() == reflect.Pointer {
		entity = entity.Elem()
	}
	i := routing.Intent{Entity: entity.PkgPath() + "." + entity.Name(), Access: access}
	for _, l := range labels {
		if i.Labels == nil {
			i.Labels = make(map[string]string, len(labels))
		}
		i.Labels[l.Name] = l.Value
	}
	if r := s.router.Load(); r != nil {
		choose := (*r).ForWrite
		if access == Read {
			choose = (*r).ForRead
		}
		if pool := choose(entity); pool != "" {
			db, err := s.DB(pool)
			if err != nil {
				return nil, fmt.Errorf("the router sends %s of %s there: %w", access, i.Entity, err)
			}
			return db, nil
		}
	}
	return s.For(i)
}

// SessionFor makes a session on the pool that [DBFor] finds. It must be closed.
func SessionFor[T any](ctx context.Context, s *System, access Access, labels ...Label) (*Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	db, err := DBFor[T](s, access, labels...)
	if err != nil {
		return nil, err
	}
	return db.NewSession(), nil
}

// Label says something of a session that routes may ask for.
type Label struct{ Name, Value string }
