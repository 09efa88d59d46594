// Package unoslog is the door to log/slog: unoactor's log goes to the host's
// [slog.Handler], with the host's levels, format and destination.
//
//	sys, err := unoactor.Open(ctx, "topology.hcl", unoslog.WithLogger(slog.Default()))
//
// What hclog and slog name differently becomes:
//
//   - the level Trace is [LevelTrace], four below slog's Debug; the others are
//     slog's of the same name;
//   - the name of a sub-logger ("protoactor") is the attribute [NameKey];
//   - pairs given to With are attributes of the handler, formatted once; a pair
//     given again replaces the older one of that key;
//   - the handler decides what is enabled: SetLevel does nothing, as hclog allows
//     for, since a handler belongs to the host and not to one of its users.
//
// No context reaches the handler, as hclog has none: handlers that take attributes
// from one find nothing there.
package unoslog
