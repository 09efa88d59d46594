package unoslog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/adapters/unoslog"
)

// record is what somebody reads of a line, whatever the keys are called.
type record struct {
	level, message, name string
	pairs                map[string]any
}

// keys are the names that hclog and slog give to the same things.
type keys struct{ time, level, message, name string }

func read(t *testing.T, out io.Reader, k keys) []record {
	t.Helper()
	var all []record
	for d := json.NewDecoder(out); ; {
		line := make(map[string]any)
		if err := d.Decode(&line); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		take := func(key string) string {
			value, _ := line[key].(string)
			delete(line, key)
			return value
		}
		if take(k.time) == "" {
			t.Error("a record without a time")
		}
		all = append(all, record{level: strings.ToLower(take(k.level)), message: take(k.message), name: take(k.name), pairs: line})
	}
}

// lowest are a logger of each kind that logs everything from that level on, and
// how to read what was logged.
func lowest(level hclog.Level) map[string]func() (hclog.Logger, func(*testing.T) []record) {
	levels := map[hclog.Level]slog.Level{hclog.Trace: unoslog.LevelTrace, hclog.Debug: slog.LevelDebug, hclog.Info: slog.LevelInfo,
		hclog.Warn: slog.LevelWarn, hclog.Error: slog.LevelError, hclog.Off: slog.LevelError + 1}
	return map[string]func() (hclog.Logger, func(*testing.T) []record){
		"hclog": func() (hclog.Logger, func(*testing.T) []record) {
			var out bytes.Buffer
			l := hclog.New(&hclog.LoggerOptions{Level: level, JSONFormat: true, Output: &out})
			return l, func(t *testing.T) []record { return read(t, &out, keys{"@timestamp", "@level", "@message", "@module"}) }
		},
		"unoslog": func() (hclog.Logger, func(*testing.T) []record) {
			var out bytes.Buffer
			l := unoslog.Logger(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: levels[level], ReplaceAttr: named})))
			return l, func(t *testing.T) []record { return read(t, &out, keys{"time", "level", "msg", unoslog.NameKey}) }
		},
	}
}

// named has the level that slog has no name for printed as hclog prints it.
func named(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.LevelKey && a.Value.Any() == unoslog.LevelTrace {
		return slog.String(slog.LevelKey, "trace")
	}
	return a
}

// conversations are what a program may do with a logger. Both kinds must answer
// alike: hclog is the reference.
var conversations = map[string]func(hclog.Logger){
	"each level": func(l hclog.Logger) {
		l.Trace("one", "n", 1)
		l.Debug("two", "n", 2)
		l.Info("three", "n", 3)
		l.Warn("four", "n", 4)
		l.Error("five", "error", errors.New("broken"))
	},
	"levels as values": func(l hclog.Logger) {
		for _, level := range []hclog.Level{hclog.Trace, hclog.Debug, hclog.Info, hclog.Warn, hclog.Error} {
			l.Log(level, "said", "as", level.String())
		}
	},
	"names add up": func(l hclog.Logger) {
		a := l.Named("a")
		a.Named("b").Info("deep", "name", a.Named("b").Name())
		a.Info("shallow")
		a.Named("b").ResetNamed("c").Info("elsewhere")
		l.Info("still without")
	},
	"pairs are implied, and replaced": func(l hclog.Logger) {
		pool := l.With("pool", "default", "slot", 1)
		pool.Info("first")
		pool.With("slot", 2, "pid", 77).Warn("second", "more", true)
		pool.Named("x").Error("third")
		l.Info("without")
		pool.Info("implied", "count", len(pool.ImpliedArgs()))
	},
	"values of all kinds": func(l hclog.Logger) {
		l.Info("values", "string", "x", "int", -1, "uint", uint8(2), "float", 1.5, "bool", true, "nil", nil,
			"list", []string{"a", "b"}, "error", error(nil), "format", hclog.Fmt("%d-%s", 5, "x"))
	},
	"a value without a key, and a key that is no string": func(l hclog.Logger) {
		l.Info("odd", "a", 1, "lonely")
		l.Info("printed", hclog.Warn, "seven")
		l.With("a", 1, "lonely").Info("implied")
	},
	"a standard logger": func(l hclog.Logger) {
		l = l.Named("std").With("from", "elsewhere")
		l.StandardLogger(nil).Print("[ERROR] plain")
		infer := l.StandardLogger(&hclog.StandardLoggerOptions{InferLevels: true})
		for _, line := range []string{"[TRACE] t", "[DEBUG] d", "[INFO] i", "[WARN] w", "[ERR] e", "[ERROR] e", "nothing"} {
			infer.Print(line)
		}
		l.StandardLogger(&hclog.StandardLoggerOptions{InferLevels: true, InferLevelsWithTimestamp: true}).Print("2026/01/02 03:04:05 [WARN] late")
		l.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Error}).Print("[DEBUG] forced")
	},
	"what is enabled": func(l hclog.Logger) {
		l.Error("enabled", "trace", l.IsTrace(), "debug", l.IsDebug(), "info", l.IsInfo(), "warn", l.IsWarn(), "error", l.IsError(),
			"lowest", l.GetLevel().String())
	},
}

func TestItLogsWhatHclogWouldLog(t *testing.T) {
	for name, talk := range conversations {
		for _, level := range []hclog.Level{hclog.Trace, hclog.Debug, hclog.Info, hclog.Warn, hclog.Error, hclog.Off} {
			t.Run(name+" from "+level.String(), func(t *testing.T) {
				kinds := lowest(level)
				reference, wanted := kinds["hclog"]()
				talk(reference)
				ours, got := kinds["unoslog"]()
				talk(ours)
				want, have := wanted(t), got(t)
				if level == hclog.Trace && len(want) == 0 {
					t.Fatal("the reference logged nothing")
				}
				if !reflect.DeepEqual(have, want) {
					t.Errorf("logged\n%v\nwant\n%v", have, want)
				}
			})
		}
	}
}
