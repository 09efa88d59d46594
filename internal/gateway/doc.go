// Package gateway serves the PostgreSQL protocol to clients, on backends that it leases from pools. It holds what is
// about all clients: listeners, the door and its lobby, who is logged in, the cancel keys, shutdown.
//
// What is about one client is in the rooms below it, lowest first: wire (bytes), sockets, params and prepared (what a
// session remembers), protocol (the machine that decides, without I/O), auth, backends (the only one that knows
// pools), drive (the goroutines that read and write).
package gateway
