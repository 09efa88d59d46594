// Package unogrpchealth is the door to gRPC's health protocol (grpc.health.v1): it
// keeps a health server told of how the pools are.
//
//	server := health.NewServer()
//	healthpb.RegisterHealthServer(grpcServer, server)
//	stop := unogrpchealth.Watch(ctx, server, sys)
//	defer stop()
//
// The service "database:<pool>" is SERVING while the pool is OK or WARNING and
// NOT_SERVING while it is CRITICAL; the service "", which gRPC takes for the whole
// server, is SERVING while all pools are. Pools that are added to the running system, and
// removed from it, are followed too.
//
// What happens is told by the system's events, so that clients that watch hear of it
// at once; what no event tells, as a server that is there and answers nothing, is
// found by asking every five seconds:
//
//	              told of a failure, or asked in vain
//	SERVING ------------------------------------------> NOT_SERVING
//	   ^                                                    |
//	   +---- a connection was opened, or a question answered +
//
// As with any such check: it says whether this process can serve, which is what a
// load balancer asks. It is no reason to restart it.
package unogrpchealth
