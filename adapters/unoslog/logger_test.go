package unoslog_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/adapters/unoslog"
	"github.com/unoactor/unoactor/config"
)

func text(out *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: unoslog.LevelTrace, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func TestTheHostsAttributesAndGroupsStay(t *testing.T) {
	var out bytes.Buffer
	unoslog.Logger(text(&out).With("service", "shop").WithGroup("db")).Named("pool").With("slot", 3).Warn("lost", "cause", "eof")
	const want = "level=WARN msg=lost service=shop db.slot=3 db.logger=pool db.cause=eof\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestHclogsOwnTypesArePrintedAsItsTextDoes(t *testing.T) {
	args := []any{"hex", hclog.Hex(255), "octal", hclog.Octal(8), "binary", hclog.Binary(5), "quote", hclog.Quote("a\nb"),
		"format", hclog.Fmt("%02d", 7), "empty", hclog.Format{}}
	var ours bytes.Buffer
	unoslog.Logger(text(&ours)).Info("said", args...)
	for _, want := range []string{"hex=0xff", "octal=010", "binary=0b101", `a\\nb`, "format=07"} {
		if !strings.Contains(ours.String(), want) {
			t.Errorf("no %s in %s", want, ours.String())
		}
	}
	var trace bytes.Buffer
	unoslog.Logger(text(&trace)).Info("said", "stack", hclog.Stacktrace())
	if !strings.Contains(trace.String(), "TestHclogsOwnTypes") {
		t.Errorf("no stack in %s", trace.String())
	}
}

func TestASecretStaysOneInEveryFormat(t *testing.T) {
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(out *bytes.Buffer) slog.Handler { return slog.NewTextHandler(out, nil) },
		"json": func(out *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(out, nil) },
	} {
		var out bytes.Buffer
		node := config.Node{Name: "main", Password: "hunter2"}
		unoslog.Logger(slog.New(handler(&out))).With("password", node.Password).Info("started", "node", node, "formatted", hclog.Fmt("%v", node))
		if strings.Contains(out.String(), "hunter2") || strings.Count(out.String(), "********") < 3 {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}

// sources remembers the line that each record says it is from.
type sources struct {
	slog.Handler
	lines *[]int
}

func (s sources) Handle(_ context.Context, r slog.Record) error {
	frame, _ := runtime.CallersFrames([]uintptr{r.PC}).Next()
	if !strings.HasSuffix(frame.File, "logger_test.go") {
		return fmt.Errorf("from %s", frame.File)
	}
	*s.lines = append(*s.lines, frame.Line)
	return nil
}

func TestTheSourceOfARecordIsWhoLogged(t *testing.T) {
	var lines []int
	l := unoslog.Logger(slog.New(sources{slog.NewTextHandler(&bytes.Buffer{}, &slog.HandlerOptions{Level: unoslog.LevelTrace}), &lines}))
	_, _, here, _ := runtime.Caller(0)
	l.Trace("1")
	l.Debug("2")
	l.Info("3")
	l.Warn("4")
	l.Error("5")
	l.Log(hclog.Info, "6")
	for i, line := range lines {
		if line != here+1+i {
			t.Errorf("record %d is said to be from line %d, not %d", i+1, line, here+1+i)
		}
	}
	if len(lines) != 6 {
		t.Errorf("%d records", len(lines))
	}
}

func TestALevelThatTheHostChangesCountsAtOnce(t *testing.T) {
	var level slog.LevelVar
	var out bytes.Buffer
	l := unoslog.Logger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: &level}))).Named("x").With("a", 1)
	l.Debug("unheard")
	l.SetLevel(hclog.Trace) // the host's to decide
	if l.IsDebug() || l.GetLevel() != hclog.Info || out.Len() != 0 {
		t.Errorf("debug %v, level %v, %q", l.IsDebug(), l.GetLevel(), out.String())
	}
	level.Set(slog.LevelDebug)
	l.Debug("heard")
	if !l.IsDebug() || l.GetLevel() != hclog.Debug || !strings.Contains(out.String(), "msg=heard") {
		t.Errorf("debug %v, level %v, %q", l.IsDebug(), l.GetLevel(), out.String())
	}
	l.Log(hclog.Off, "never")
	l.Log(hclog.NoLevel, "anyhow")
	if strings.Contains(out.String(), "never") || !strings.Contains(out.String(), "level=INFO msg=anyhow") {
		t.Error(out.String())
	}
}

func TestWithoutALoggerItIsTheDefaultOne(t *testing.T) {
	before := slog.Default()
	defer slog.SetDefault(before)
	var out bytes.Buffer
	slog.SetDefault(text(&out))
	unoslog.Logger(nil).Info("here")
	if out.String() != "level=INFO msg=here\n" {
		t.Error(out.String())
	}
}

func TestSubLoggersOfManyGoroutinesDoNotMix(t *testing.T) {
	var out bytes.Buffer
	parent := unoslog.Logger(text(&out)).With("a", 0, "b", 0)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 50 {
				parent.With("a", i).Named(fmt.Sprint("n", i)).Info("x", "i", i)
			}
		})
	}
	all.Wait()
	for line := range strings.Lines(out.String()) {
		var a, b, n, i int
		if _, err := fmt.Sscanf(line, "level=INFO msg=x a=%d b=%d logger=n%d i=%d", &a, &b, &n, &i); err != nil || a != i || n != i || b != 0 {
			t.Errorf("%q: %v", line, err)
		}
	}
	if n := strings.Count(out.String(), "\n"); n != 400 {
		t.Errorf("%d records", n)
	}
}
