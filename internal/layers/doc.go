// Package layers holds the tests that keep imports going down and programs light:
// which package of the module may import which, which third parties each may use
// (the table is in layers_test.go), which modules come with the root package
// (weight_test.go), and how large the least program with it is (size_test.go).
// ARCHITECTURE.md explains the layers.
package layers
