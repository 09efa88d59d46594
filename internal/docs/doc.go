// Package docs holds the tests that keep what is written about the code in step with the code:
// links in Go comments lead to something that there is (links_test.go), links between the pages
// and to their headings do (pages_test.go), and the files that ARCHITECTURE.md sends its
// readers to exist. It never judges how a sentence is written.
package docs
