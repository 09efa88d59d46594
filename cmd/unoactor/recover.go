package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
)

func newRecover() *cobra.Command {
	vars := variables{}
	var file string
	var limit time.Duration
	cmd := &cobra.Command{
		Use:   "recover -f FILE",
		Short: "End the transactions over several databases that a crash left prepared",
		Long: `Recover looks into each database of the topology for transactions that a program
which used System.Atomic had prepared when it died. It asks the server of the one
that decides, which must be in the topology too, what became of that, and commits or
rolls back. One whose program is still at work is left alone.

It prints what it found, and exits with 0 if nothing is left, 1 if something is or a
database could not be looked at, and 2 on a wrong command line.`,
		Example: "  unoactor recover -f topology.hcl",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usageError{errors.New("recover wants a topology: -f FILE")}
			}
			t, err := config.Load(file, vars.options()...)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), limit)
			defer cancel()
			return recoverPrepared(ctx, t, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the topology: a file, or a folder of *.hcl files")
	cmd.Flags().Var(vars, "var", "set a variable of the topology (repeatable)")
	cmd.Flags().DurationVar(&limit, "timeout", 30*time.Second, "the longest that it may take")
	return cmd
}

func recoverPrepared(ctx context.Context, t config.Topology, out io.Writer) error {
	sys, err := unoactor.New(ctx, t, unoactor.WithLogger(newLogger(t.Log, os.Stderr, terminal(os.Stderr))))
	if err != nil {
		return err
	}
	found, failed := sys.Recover(ctx)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := sys.Close(closing); err != nil {
		return err
	}
	left := 0
	for _, r := range found {
		switch {
		case r.Err != nil:
			left++
			fmt.Fprintf(out, "pool %q: left      %s: %v\n", r.Pool, r.GID, r.Err)
		case r.Commit:
			fmt.Fprintf(out, "pool %q: committed %s\n", r.Pool, r.GID)
		default:
			fmt.Fprintf(out, "pool %q: undone    %s\n", r.Pool, r.GID)
		}
	}
	fmt.Fprintf(out, "%d found, %d left\n", len(found), left)
	switch {
	case failed != nil:
		return failed
	case left > 0:
		return exitCode(exitFailed)
	}
	return nil
}
