package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func newDev() *cobra.Command {
	var listen, level string
	cmd := &cobra.Command{
		Use:   "dev [-- COMMAND [ARG...]]",
		Short: "Try unoactor on a throw-away PostgreSQL",
		Long: `Dev starts a PostgreSQL of its own (a new data directory, a free port, never as
root), loads some real data, writes a topology with three pools and serves it.
Ctrl-C ends everything and leaves nothing behind.

With a COMMAND, dev runs it with PGHOST, PGPORT, PGUSER and PGDATABASE set to the
gateway, ends everything after it and exits with its exit code.`,
		Example: `  unoactor dev
  unoactor dev --listen 127.0.0.1:7000
  unoactor dev -- psql -c 'select * from country'
  unoactor dev -- pgbench -n -S -c 64 -j 2 -T 10`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return usageError{fmt.Errorf("dev takes a command only after --, got %q", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, command []string) error {
			limitProcs()
			d := dev{listen: listen, level: level, out: os.Stderr}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP) // its terminal was closed
			defer stop()
			return d.run(ctx, command)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:6432", "address to serve on; port 0 takes a free one")
	cmd.Flags().StringVar(&level, "log-level", "warn", "trace, debug, info, warn, error or off")
	return cmd
}

// dev is a throw-away server with a daemon in front of it.
type dev struct {
	listen string
	level  string
	out    *os.File // what dev itself has to say; standard output is the command's
}

func (d *dev) run(ctx context.Context, command []string) (err error) {
	listen, err := freePort(d.listen)
	if err != nil {
		return usageError{fmt.Errorf("--listen: %w", err)}
	}
	began := time.Now()
	d.say("starting PostgreSQL on a free port of 127.0.0.1 ...")
	server, err := testkit.StartServer(ctx, testkit.ServerOptions{
		Databases: []string{"app", "analytics", "reporting"}, Parameters: map[string]string{"max_connections": "200"},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	d.say("loading data ...")
	if err := loadData(ctx, server); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "unoactor-dev-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "topology.hcl")
	if err := writeTopology(file, server, listen, d.level); err != nil {
		return err
	}
	t, err := config.Load(file)
	if err != nil {
		return err
	}
	var log io.Writer = d.out
	status := newStatus(d.out, terminal(d.out) && len(command) == 0)
	if status.live {
		log = status
	}
	daemon, err := startDaemon(ctx, t, newLogger(t.Log, log, terminal(d.out)))
	if err != nil {
		return err
	}
	if len(command) > 0 {
		return errors.Join(runChild(ctx, command, listen), daemon.stop())
	}
	d.greet(server, file, listen, time.Since(began))
	stopStatus := status.start(daemon)
	err = daemon.run(ctx)
	stopStatus()
	d.say("stopped; nothing is left behind")
	return err
}

func (d *dev) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

func (d *dev) greet(server *testkit.Server, file, listen string, took time.Duration) {
	host, port, _ := net.SplitHostPort(listen) // it was put together by freePort
	d.say(`ready after %v: PostgreSQL on %s, unoactor on %s
topology: %s

Elsewhere, try:
  psql -h %[5]s -p %[6]s -U dev -d default   -c 'select name, capital from country limit 5'
  psql -h %[5]s -p %[6]s -U dev -d analytics -c 'select * from co2_yearly order by year desc limit 5'
  psql -h %[5]s -p %[6]s -U dev -d reporting -c 'select * from report'
  pgbench -h %[5]s -p %[6]s -U dev -n -S -c 64 -j 2 -T 10 default
Kill some backends and watch the restarts:
  psql -h %[5]s -p %[6]s -U dev -d default   -c "select count(pg_terminate_backend(pid)) from pg_stat_activity where state = 'idle'"
Ctrl-C ends it and removes everything.
`, took.Round(10*time.Millisecond), server.Addr(), listen, file, host, port)
}

// freePort replaces port 0 by one that is free.
func freePort(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port != "0" {
		return listen, err
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
