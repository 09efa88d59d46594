// Package unohealth is the door to health checks: an HTTP handler for load
// balancers and orchestrators, and a function that health libraries take.
//
//	mux.Handle("GET /readyz", unohealth.Handler(sys))
//	mux.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
//
// What it answers is readiness: whether this process can serve now. It is not
// liveness: a process whose database is down is alive, and restarting it mends
// nothing, ends what still works and adds a storm of new connections to whatever is
// wrong. A liveness probe should ask for the process alone, as above.
//
// Every answer comes from a question to the server, on a backend of the pool or, if
// it is full, on the one in reserve: a full pool is a WARNING, and an answer, and a
// dead server is told from it. So it costs a round trip a pool and request, and
// belongs on a port that only the ones may reach who are to ask.
//
// The package has no dependency but unoactor's own. Its counterpart for gRPC is
// unogrpchealth.
package unohealth
