package main

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// usageError is a command line that can't be understood.
type usageError struct{ error }

// exitCode is how a child process ended.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "unoactor",
		Short: "An actor-based supervisor of PostgreSQL connections",
		Long: `unoactor supervises PostgreSQL connections: it keeps pools of them, lends them to
the clients that connect to it as to PostgreSQL itself, replaces those that fail
and shows what it does. What it supervises is written in a topology file (HCL).`,
		Example: `  unoactor dev                          try it: a throw-away PostgreSQL with three pools
  unoactor dev -- pgbench -n -S -T 5    run one command against that
  unoactor check topology.hcl           find the mistakes in a topology
  unoactor run -f topology.hcl          serve it
  unoactor recover -f topology.hcl      end what a crash left prepared in several databases`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          func(cmd *cobra.Command, args []string) error { return noArgs(cmd, args) },
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if errors.Is(err, errVariable) {
			err = errVariable // without the value around it
		}
		return usageError{err}
	})
	root.AddCommand(newRun(), newDev(), newCheck(), newRecover())
	return root
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasParent() {
		return usageError{fmt.Errorf("unknown command %q", args[0])}
	}
	return usageError{fmt.Errorf("%s takes no argument, got %q", cmd.CommandPath(), args[0])}
}

// version is what the build recorded: a tag, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version + " " + info.GoVersion
}
