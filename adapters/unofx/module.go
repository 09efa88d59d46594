package unofx

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/fx"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unoslog"
	"github.com/unoactor/unoactor/config"
)

// Module provides the system of a topology file, or of all *.hcl files of a
// folder, as [unoactor.Open] does. What is wrong with a file is the error of
// fx.New, with file and line.
func Module(path string, options ...unoactor.Option) fx.Option {
	return module(func(ctx context.Context, all []unoactor.Option) (*unoactor.System, error) {
		return unoactor.Open(ctx, path, all...)
	}, options)
}

// FromTopology provides the system of a topology that is written in Go, as
// [unoactor.New] does.
func FromTopology(t config.Topology, options ...unoactor.Option) fx.Option {
	return module(func(ctx context.Context, all []unoactor.Option) (*unoactor.System, error) {
		return unoactor.New(ctx, t, all...)
	}, options)
}

type opener func(context.Context, []unoactor.Option) (*unoactor.System, error)

func module(open opener, options []unoactor.Option) fx.Option {
	return fx.Module("unoactor",
		fx.Provide(func(g graph) (*unoactor.System, error) { return g.open(open, options) }),
		fx.Provide(defaultDB),
	)
}

// graph is what a system takes from the application.
type graph struct {
	fx.In
	fx.Lifecycle

	Log     hclog.Logger         `optional:"true"`
	Slog    *slog.Logger         `optional:"true"`
	Meters  metric.MeterProvider `optional:"true"`
	Tracer  pgx.QueryTracer      `optional:"true"`
	Options []unoactor.Option    `group:"unoactor"`
}

func (g graph) open(open opener, own []unoactor.Option) (*unoactor.System, error) {
	// fx gives constructors no context, and this one bounds the start alone.
	sys, err := open(context.Background(), append(g.options(), own...))
	if err != nil {
		return nil, fmt.Errorf("open the database topology: %w", err)
	}
	g.Append(fx.StopHook(func(ctx context.Context) error {
		if err := sys.Close(ctx); err != nil {
			return fmt.Errorf("close the database pools: %w", err)
		}
		return nil
	}))
	return sys, nil
}

// options are in order of precedence, the lowest first.
func (g graph) options() []unoactor.Option {
	var all []unoactor.Option
	if g.Slog != nil {
		all = append(all, unoslog.WithLogger(g.Slog))
	}
	if g.Log != nil {
		all = append(all, unoactor.WithLogger(g.Log))
	}
	if g.Meters != nil {
		all = append(all, unoactor.WithMeterProvider(g.Meters))
	}
	if g.Tracer != nil {
		all = append(all, unoactor.WithTracer(g.Tracer))
	}
	return append(all, g.Options...)
}
