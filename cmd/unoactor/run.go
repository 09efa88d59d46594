package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/unoactor/unoactor/config"
)

func newRun() *cobra.Command {
	vars := variables{}
	var file string
	cmd := &cobra.Command{
		Use:   "run -f FILE",
		Short: "Serve a topology",
		Long: `Run supervises the topology and serves the PostgreSQL protocol on the addresses of
its gateway block. On SIGTERM or Ctrl-C it lets nobody in any more, gives running
transactions the gateway's drain_timeout to end, closes every backend and exits
with 0, five seconds after that time at the latest. A second signal ends it at once.
SIGHUP is logged and changes nothing: a new topology wants a restart.

It uses half of the processors; GOMAXPROCS in the environment sets another number.`,
		Example: "  unoactor run -f topology.hcl\n  unoactor run -f /etc/unoactor --var region=eu",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usageError{errors.New("run wants a topology: -f FILE")}
			}
			hup := hangUps()
			t, err := config.Load(file, vars.options()...)
			if err != nil {
				return err
			}
			limitProcs()
			log := newLogger(t.Log, os.Stderr, terminal(os.Stderr))
			go declineReloads(hup, file, log)
			for _, warning := range remarks(file) {
				log.Warn(warning)
			}
			d, err := startDaemon(cmd.Context(), t, log)
			if err != nil {
				return err
			}
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the topology: a file, or a folder of *.hcl files")
	cmd.Flags().Var(vars, "var", "set a variable of the topology (repeatable)")
	return cmd
}
