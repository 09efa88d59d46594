// Package uno is the Go of docs/from-uno.md: each section of the Uno guide as a program
// that the tests run on a PostgreSQL of their own. A test of the root package compares
// the page with it.
package uno
