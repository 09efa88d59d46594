package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway"
	"github.com/unoactor/unoactor/routing"
	"github.com/unoactor/unoactor/supervisor"
)

// daemon is a supervised topology with a gateway in front.
type daemon struct {
	tree    *supervisor.System
	gateway *gateway.Server
	served  chan error
	log     hclog.Logger
}

// startDaemon returns once clients can connect.
func startDaemon(ctx context.Context, t config.Topology, log hclog.Logger) (*daemon, error) {
	tree, err := supervisor.Start(t, supervisor.Options{Log: log})
	if err != nil {
		return nil, err
	}
	d := &daemon{tree: tree, log: log, served: make(chan error, 1)}
	d.gateway, err = gateway.New(gateway.Options{
		Config: tree.Topology().Gateway, Router: router{tree}, Log: log.Named("gateway"),
		MaxConnections: limitConnections(tree.Topology(), log),
	})
	if err == nil {
		err = d.gateway.Listen()
	}
	if err != nil {
		return nil, errors.Join(err, tree.Close(ctx))
	}
	go func() { d.served <- d.gateway.Serve() }()
	return d, nil
}

// router is the tree as the gateway asks it.
type router struct{ tree *supervisor.System }

// Route finds the pool for a client.
func (r router) Route(database, user string) (gateway.Pool, error) {
	p, _, err := r.tree.Route(routing.Intent{Database: database, User: user})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// run serves until ctx ends, then shuts down: transactions may end, for as long
// as the topology allows.
func (d *daemon) run(ctx context.Context) error {
	var served error
	select {
	case <-ctx.Done():
		d.log.Info("shutting down", "grace", d.tree.Topology().Gateway.DrainTimeout)
	case served = <-d.served:
		served = fmt.Errorf("the gateway stopped serving: %w", served)
	}
	return errors.Join(served, d.stop())
}

// endTime is how long after drain_timeout everything has ended, whatever clients and
// servers do.
const endTime = 5 * time.Second

// stop ends the gateway and then the pools, in the time that is for both: transactions
// have the drain_timeout, and what is left then is ended within endTime.
func (d *daemon) stop() error {
	// The context that began it all has ended: the grace is the topology's.
	draining, cancel := context.WithTimeout(context.Background(), d.tree.Topology().Gateway.DrainTimeout)
	defer cancel()
	deadline, _ := draining.Deadline()
	all, done := context.WithDeadline(context.Background(), deadline.Add(endTime))
	defer done()
	ended := make(chan error, 1)
	go func() {
		err := d.gateway.Shutdown(draining)
		ended <- errors.Join(err, d.tree.Close(draining))
	}()
	select {
	case err := <-ended:
		return err
	case <-all.Done():
		d.log.Warn("not all backends could be closed in time: a server does not answer; their connections end with the process")
		return nil
	}
}
