package unoslog

import (
	"slices"

	"github.com/hashicorp/go-hclog"
)

// Name is the name of the logger, "" if it has none.
func (l *logger) Name() string { return l.name }

// Named is a logger with another name after its own: "a" becomes "a.b".
func (l *logger) Named(name string) hclog.Logger {
	if l.name != "" {
		name = l.name + "." + name
	}
	return l.ResetNamed(name)
}

// ResetNamed is a logger with that name alone.
func (l *logger) ResetNamed(name string) hclog.Logger {
	sub := *l
	sub.name = name
	return &sub
}

// ImpliedArgs are the pairs that With added.
func (l *logger) ImpliedArgs() []any { return slices.Clone(l.implied) }

// With is a logger whose records have those pairs too.
func (l *logger) With(args ...any) hclog.Logger {
	sub := *l
	sub.implied = slices.Clone(l.implied)
	for key, value := range pairs(args) {
		sub.imply(key, value)
	}
	sub.handler = l.host.WithAttrs(attributes(sub.implied))
	return &sub
}

func (l *logger) imply(key string, value any) {
	for i := 0; i < len(l.implied); i += 2 {
		if l.implied[i] == key {
			l.implied[i+1] = value
			return
		}
	}
	l.implied = append(l.implied, key, value)
}
