// Package unofx is the door to go.uber.org/fx: a system and its pools as
// dependencies, closed when the application stops.
//
//	fx.New(
//		unofx.Module("topology.hcl"),
//		unofx.Database("analytics"),
//		fx.Invoke(func(db *unoactor.DB) { ... }),
//	).Run()
//
// A module provides a *unoactor.System, and as *unoactor.DB the pool named
// "default", or the only one that there is. [Database] provides another by its name.
//
// The system is opened when the first constructor asks for it, and not at all if
// none does. That takes no server: what can't be connected to yet is connected to
// when it is wanted and there, so it needs no OnStart. In OnStop it is closed, after
// all that was built with it has stopped, within fx's stop context (fx.StopTimeout,
// 15 seconds unless set). Let each pool's drain_timeout be shorter: fx does not wait for
// hooks beyond it, and then nobody is told of the leases that had to be revoked.
//
// Danger: fx undoes no constructor. When another one fails, or the application is
// built and not started, nobody closes the system; App.Run ends the process then.
//
// What the graph has, the system uses, where the module's own options don't say
// otherwise: an hclog.Logger, or else a *slog.Logger; a metric.MeterProvider; a
// pgx.QueryTracer; and all of the value group "unoactor", which are unoactor.Option,
// for options that need dependencies themselves.
package unofx
