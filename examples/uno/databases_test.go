package uno_test

import (
	"context"
	"fmt"
	"log"
	"reflect"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
)

// manager is a system with two databases that were registered while it runs.
func manager(ctx context.Context) *unoactor.System {
	sys, err := unoactor.New(ctx, unoactor.Topology{})
	if err != nil {
		log.Fatal(err)
	}
	for name, url := range map[string]string{
		"default":   url,
		"analytics": strings.Replace(url, "main_db", "analytics_db", 1),
	} {
		server, err := unoactor.ParseURL(url)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := sys.Register(ctx, server, unoactor.Pool{Name: name, Size: 5}); err != nil {
			log.Fatal(err)
		}
	}
	return sys
}

func Example_multipleDatabases() {
	ctx := context.Background()
	sys := manager(ctx)
	defer sys.Close(ctx)

	s, err := sys.Session(ctx, "analytics")
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	var name string
	if err := s.QueryRow(ctx, "SELECT current_database() FROM metrics").Scan(&name); err != nil {
		log.Fatal(err)
	}
	fmt.Println(name)
	// Output: analytics_db
}

// packageRouter routes by the package that a type is from.
type packageRouter struct{}

// ForRead is the pool for reading objects of a type; "" leaves it to the routes of the
// topology.
func (packageRouter) ForRead(entity reflect.Type) string {
	if strings.HasSuffix(entity.PkgPath(), "/analytics") || entity == reflect.TypeFor[Metric]() {
		return "analytics"
	}
	return "default"
}

// ForWrite is the pool for writing them.
func (r packageRouter) ForWrite(entity reflect.Type) string { return r.ForRead(entity) }

// Metric is an entity of the analytics database.
type Metric struct {
	ID    int64
	Name  string
	Value float64
}

// Repository keeps objects of a type in the table of a database.
type Repository[T any] struct {
	db    *unoactor.DB
	table string
}

// NewRepository finds the database for a type.
func NewRepository[T any](sys *unoactor.System, table string) (*Repository[T], error) {
	db, err := unoactor.DBFor[T](sys, unoactor.Write)
	return &Repository[T]{db: db, table: table}, err
}

// All are all objects, in the order of their keys.
func (r *Repository[T]) All(ctx context.Context) ([]T, error) {
	rows, err := r.db.Query(ctx, "select * from "+pgx.Identifier{r.table}.Sanitize()+" order by id")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[T])
}

func Example_routing() {
	ctx := context.Background()
	sys := manager(ctx)
	defer sys.Close(ctx)
	sys.SetRouter(packageRouter{})

	s, err := unoactor.SessionFor[Metric](ctx, sys, unoactor.Write)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	fmt.Println("metrics are written to", s.DB().Pool().Name())

	metrics, err := NewRepository[Metric](sys, "metrics")
	if err != nil {
		log.Fatal(err)
	}
	all, err := metrics.All(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(all[0].Name)
	// Output:
	// metrics are written to analytics
	// visits
}

func Example_atomic() {
	ctx := context.Background()
	sys := manager(ctx)
	defer sys.Close(ctx)

	err := sys.Atomic(ctx, func(ctx context.Context, a *unoactor.Atomic) error {
		for _, database := range []string{"default", "analytics"} {
			s, err := a.Session(ctx, database)
			if err != nil {
				return err
			}
			if _, err := s.Exec(ctx, "insert into metrics (name, value) values ('in both, or in none', 1)"); err != nil {
				return err
			}
		}
		return nil
	})
	fmt.Println(err)
	// Output: <nil>
}
