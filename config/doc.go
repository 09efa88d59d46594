// Package config says what a topology is: nodes, pools, routes, the gateway
// and the log, as plain structs that hold no connection and start nothing.
//
// A topology comes from an HCL file ([Load]) or is written in Go. Either way
// [Topology.Complete] fills in what was left out and [Topology.Check] finds
// what cannot work; both are called by [Load]. [Compare] tells what a changed
// topology changes, as a [Delta].
//
// Each setting has one field (topology.go), one line in the table that gives it
// its name in a file and says what becomes of a change (settings.go), one default
// (defaults.go), one check (check_*.go) and one row in docs/topology.md; the
// tests compare the last with the others.
//
// A file is read in steps: HCL's own parser, variables and locals (scope.go), the
// blocks (schema.go), defaults, checks. All that is wrong is collected on the way
// (collector.go) and told at once. Values from where secrets come from carry a
// mark through all expressions, and what is shown of a line is starred (mask.go).
//
// Zero values mean "take the default". A duration that should be off rather
// than defaulted is [Never].
package config
