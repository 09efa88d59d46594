// Package config says what a topology is: nodes, pools, routes, the gateway
// and the log, as plain structs that hold no connection and start nothing.
//
// A topology comes from an HCL file ([Load]) or is written in Go. Either way
// [Topology.Complete] fills in what was left out and [Topology.Check] finds
// what cannot work; both are called by [Load]. Each setting has one field, one
// default (in defaults.go) and one check (in check.go).
//
// Zero values mean "take the default". A duration that should be off rather
// than defaulted is [Never].
package config
