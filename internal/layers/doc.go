// Package layers holds the test that keeps imports going down: which package
// of the module may import which, and which third parties each may use. The
// table is in layers_test.go; ARCHITECTURE.md explains it.
package layers
