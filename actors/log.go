package actors

import (
	"context"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// SlogTo returns a logger for protoactor that writes to log. What protoactor logs at the level Info
// becomes Debug, and what it logs at Debug becomes Trace: it is for those who debug the tree.
func SlogTo(log hclog.Logger) *slog.Logger { return slog.New(&bridge{log: log}) }

type bridge struct {
	log   hclog.Logger
	group string
}

func level(l slog.Level) hclog.Level {
	switch {
	case l >= slog.LevelError:
		return hclog.Error
	case l >= slog.LevelWarn:
		return hclog.Warn
	case l >= slog.LevelInfo:
		return hclog.Debug
	}
	return hclog.Trace
}

// Enabled reports whether the logger would write a record of this level.
func (b *bridge) Enabled(_ context.Context, l slog.Level) bool { return level(l) >= b.log.GetLevel() }

// Handle writes a record.
func (b *bridge) Handle(_ context.Context, r slog.Record) error {
	args := make([]any, 0, 2*r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		args = append(args, b.group+a.Key, a.Value.Resolve().Any())
		return true
	})
	b.log.Log(level(r.Level), r.Message, args...)
	return nil
}

// WithAttrs returns a handler that adds attributes to every record.
func (b *bridge) WithAttrs(attrs []slog.Attr) slog.Handler {
	args := make([]any, 0, 2*len(attrs))
	for _, a := range attrs {
		args = append(args, b.group+a.Key, a.Value.Resolve().Any())
	}
	return &bridge{log: b.log.With(args...), group: b.group}
}

// WithGroup returns a handler that puts a prefix before the keys of attributes.
func (b *bridge) WithGroup(name string) slog.Handler {
	return &bridge{log: b.log, group: b.group + name + "."}
}
