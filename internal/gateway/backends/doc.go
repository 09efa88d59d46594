// Package backends is how a client of the gateway comes to backends: it leases them from pools, waits for them, keeps
// what is known of the session of each from one lease to the next, and gives them back. It is the only room of the
// gateway that knows pools and leases. What is said on a backend is no concern of it.
package backends
