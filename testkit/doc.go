// Package testkit drives failure scenarios: PostgreSQL servers to start, kill
// and freeze.
package testkit
