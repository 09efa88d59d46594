package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/unoactor/unoactor/config"
)

func newCheck() *cobra.Command {
	vars := variables{}
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Find the mistakes in topology files",
		Long: `Check reads each topology (a file, or a folder of *.hcl files), starts nothing,
and prints every mistake with its file, line and what to write instead. It warns of
a password in a file that everybody can read.
It exits with 0 if there is none, 1 if there is one, and 2 on a wrong command line.`,
		Example: "  unoactor check topology.hcl\n  unoactor check --var region=eu examples/*.hcl",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("check wants at least one FILE")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, files []string) error {
			bad := 0
			for _, file := range files {
				t, err := config.Load(file, vars.options()...)
				if err != nil {
					printError(os.Stderr, err)
					bad++
					continue
				}
				for _, warning := range remarks(file) {
					fmt.Fprintf(os.Stderr, "warning: %s\n", warning)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: good: %d nodes, %d pools, %d routes\n", file, len(t.Nodes), len(t.Pools), len(t.Routes))
			}
			if bad > 0 {
				return exitCode(exitFailed)
			}
			return nil
		},
	}
	cmd.Flags().Var(vars, "var", "set a variable of the topology (repeatable)")
	return cmd
}

func asTopologyErrors(err error) (*config.Errors, bool) {
	var e *config.Errors
	return e, errors.As(err, &e)
}

// remarks are what is not well about a topology that works.
func remarks(path string) (warnings []string) {
	exposed, err := config.Exposed(path)
	if err != nil {
		return nil // its reader has told
	}
	for _, file := range exposed {
		warnings = append(warnings, fmt.Sprintf(`%s: a password is written in it, and every user of this machine can read it: chmod 640 it, or write env("...") or file("...")`, file))
	}
	return warnings
}
