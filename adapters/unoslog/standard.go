package unoslog

import (
	"context"
	"io"
	"log"
	"log/slog"
	"time"

	"github.com/hashicorp/go-hclog"
)

// StandardLogger is a log.Logger each of whose lines is a record; the options say
// how its level is found, by default it is Info.
func (l *logger) StandardLogger(options *hclog.StandardLoggerOptions) *log.Logger {
	return log.New(l.StandardWriter(options), "", 0)
}

// StandardWriter is the writer of such a logger. The records have no source: who
// wrote is too far up to be found.
func (l *logger) StandardWriter(options *hclog.StandardLoggerOptions) io.Writer {
	// hclog itself knows how a level is read from a line; its own output is off.
	reader := hclog.NewInterceptLogger(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard})
	reader.RegisterSink(sink{l})
	if options == nil {
		options = &hclog.StandardLoggerOptions{}
	}
	return reader.StandardWriter(options)
}

// sink takes the lines of a standard logger.
type sink struct{ to *logger }

// Accept implements hclog.SinkAdapter.
func (s sink) Accept(_ string, level hclog.Level, msg string, args ...any) {
	if s.to.enabled(slogLevel(level)) {
		s.to.write(context.Background(), slog.NewRecord(time.Now(), slogLevel(level), msg, 0), args) // a line has no context
	}
}
