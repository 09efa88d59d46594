// Package unotel is the door to OpenTelemetry's traces: a span for each statement,
// batch, COPY and preparation of a statement, made by otelpgx.
//
//	sys, err := unoactor.Open(ctx, "topology.hcl", unotel.WithTracing(otel.GetTracerProvider()))
//
// A span is a child of the span in the statement's context; where that has none, or
// one that is not sampled, none is made. So what a pool does on its own, as connecting,
// resetting and checking backends, is in no trace; it is in the metrics and events.
//
// What a span tells, by default:
//
//   - the text of the statement, db.query.text, as the program wrote it. Literals in
//     it are told, parameters ($1) are not: values belong in parameters. The option
//     otelpgx.WithDisableSQLStatementInAttributes leaves the text out;
//   - no parameters; otelpgx.WithIncludeQueryParameters asks for them;
//   - of an error the SQLSTATE, and not the message, which may quote a parameter: see
//     [github.com/unoactor/unoactor/conn.WithoutValues]. The program gets the whole error;
//   - host, port, user and database, never a password.
//
// otelpgx measures the duration of operations too, on the global meter provider unless
// otelpgx.WithMeterProvider gives another one.
package unotel
