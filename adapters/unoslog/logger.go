package unoslog

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor"
)

// LevelTrace is hclog's Trace, below slog's Debug.
const LevelTrace = slog.LevelDebug - 4

// NameKey is the key of the attribute that tells a sub-logger's name.
const NameKey = "logger"

// WithLogger has a system log to l.
func WithLogger(l *slog.Logger) unoactor.Option { return unoactor.WithLogger(Logger(l)) }

// Logger is an hclog.Logger that writes to l's handler; nil means
// [slog.Default], as it is now. It is safe for concurrent use.
func Logger(l *slog.Logger) hclog.Logger {
	if l == nil {
		l = slog.Default()
	}
	return &logger{host: l.Handler(), handler: l.Handler()}
}

// logger is immutable: sub-loggers are others.
type logger struct {
	host    slog.Handler // without what With added
	handler slog.Handler
	name    string
	implied []any // pairs, each key once
}

// Trace logs at [LevelTrace].
func (l *logger) Trace(msg string, args ...any) { l.log(LevelTrace, msg, args) }

// Debug logs at [slog.LevelDebug].
func (l *logger) Debug(msg string, args ...any) { l.log(slog.LevelDebug, msg, args) }

// Info logs at [slog.LevelInfo].
func (l *logger) Info(msg string, args ...any) { l.log(slog.LevelInfo, msg, args) }

// Warn logs at [slog.LevelWarn].
func (l *logger) Warn(msg string, args ...any) { l.log(slog.LevelWarn, msg, args) }

// Error logs at [slog.LevelError].
func (l *logger) Error(msg string, args ...any) { l.log(slog.LevelError, msg, args) }

// Log logs at some level: hclog.NoLevel is Info, hclog.Off is not logged.
func (l *logger) Log(level hclog.Level, msg string, args ...any) {
	if level != hclog.Off {
		l.log(slogLevel(level), msg, args)
	}
}

// log must be called by the exported method itself: the source of a record is
// who called that.
func (l *logger) log(level slog.Level, msg string, args []any) {
	ctx := context.Background() // hclog has none to give
	if !l.handler.Enabled(ctx, level) {
		return
	}
	var caller [1]uintptr
	runtime.Callers(3, caller[:]) // this function's caller's caller; 1 is Callers itself
	l.write(ctx, slog.NewRecord(time.Now(), level, msg, caller[0]), args)
}

func (l *logger) write(ctx context.Context, r slog.Record, args []any) {
	if l.name != "" {
		r.AddAttrs(slog.String(NameKey, l.name))
	}
	r.AddAttrs(attributes(args)...)
	_ = l.handler.Handle(ctx, r) // as slog itself: a log that fails has nobody to tell
}

// IsTrace says whether Trace would log.
func (l *logger) IsTrace() bool { return l.enabled(LevelTrace) }

// IsDebug says whether Debug would log.
func (l *logger) IsDebug() bool { return l.enabled(slog.LevelDebug) }

// IsInfo says whether Info would log.
func (l *logger) IsInfo() bool { return l.enabled(slog.LevelInfo) }

// IsWarn says whether Warn would log.
func (l *logger) IsWarn() bool { return l.enabled(slog.LevelWarn) }

// IsError says whether Error would log.
func (l *logger) IsError() bool { return l.enabled(slog.LevelError) }

func (l *logger) enabled(level slog.Level) bool {
	return l.handler.Enabled(context.Background(), level) // hclog has none to give
}

// GetLevel is the lowest level that the handler takes now, hclog.Off if none.
func (l *logger) GetLevel() hclog.Level {
	for _, level := range []hclog.Level{hclog.Trace, hclog.Debug, hclog.Info, hclog.Warn, hclog.Error} {
		if l.enabled(slogLevel(level)) {
			return level
		}
	}
	return hclog.Off
}

// SetLevel does nothing: the level is the handler's.
func (l *logger) SetLevel(hclog.Level) {}

func slogLevel(level hclog.Level) slog.Level {
	switch level {
	case hclog.Trace:
		return LevelTrace
	case hclog.Debug:
		return slog.LevelDebug
	case hclog.Warn:
		return slog.LevelWarn
	case hclog.Error:
		return slog.LevelError
	}
	return slog.LevelInfo
}
