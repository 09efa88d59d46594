package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/mattn/go-isatty"

	"github.com/unoactor/unoactor/config"
)

// variables are the values of --var name=value.
type variables map[string]string

func (v variables) String() string { return "" }

// Type names the value in --help.
func (v variables) Type() string { return "name=value" }

// errVariable quotes nothing: what was given may be a secret.
var errVariable = errors.New("--var wants name=value")

// Set takes one flag.
func (v variables) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return errVariable
	}
	v[name] = value
	return nil
}

func (v variables) options() []config.Option {
	var options []config.Option
	for name, value := range v {
		options = append(options, config.WithVariable(name, value))
	}
	return options
}

// printError prints an error, a topology's in colour where that is seen.
func printError(f *os.File, err error) {
	if e, ok := asTopologyErrors(err); ok {
		e.Render(f, terminal(f))
		return
	}
	fmt.Fprintf(f, "unoactor: %v\n", err)
}

func terminal(f *os.File) bool { return isatty.IsTerminal(f.Fd()) && os.Getenv("NO_COLOR") == "" }

// newLogger makes the logger that the topology asks for.
func newLogger(l config.Log, w io.Writer, colour bool) hclog.Logger {
	o := &hclog.LoggerOptions{
		Name: "unoactor", Level: hclog.LevelFromString(l.Level), Output: w, JSONFormat: l.Format == "json",
	}
	if colour && !o.JSONFormat {
		o.Color = hclog.ForceColor
	}
	return hclog.New(o)
}
