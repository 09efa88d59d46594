package checkout

import (
	"fmt"
	"slices"
)

// Work is what a goroutine does again and again.
type Work string

// The kinds of work.
const (
	Hold0  Work = "checkout"         // acquire, release at once
	Queued Work = "checkout, queued" // acquire, let all others run, release: whoever acquires finds nothing idle
	Select Work = "select 1"         // a query through the pool's own QueryRow
)

// Case is one row of the comparison.
type Case struct {
	Work       Work `json:"work"`
	Size       int  `json:"size"` // backends of the pool, all of them open
	Goroutines int  `json:"goroutines"`
}

// String is the case in words.
func (c Case) String() string {
	return fmt.Sprintf("%s, size %d, goroutines %d", c.Work, c.Size, c.Goroutines)
}

// cases lists what is measured, ordered by pool size, since each size has its pools.
func cases() []Case {
	var all []Case
	for _, size := range []int{4, 16, 64} {
		for _, goroutines := range []int{1, 8, 64, 1024} {
			all = append(all, Case{Hold0, size, goroutines})
		}
		switch size {
		case 4:
			all = append(all, Case{Queued, size, 64})
		case 16:
			for _, goroutines := range []int{1, 8, 64} {
				all = append(all, Case{Select, size, goroutines})
			}
		}
	}
	return all
}

// sizes are the pool sizes of the cases, each once.
func sizes(all []Case) []int {
	var out []int
	for _, c := range all {
		if !slices.Contains(out, c.Size) {
			out = append(out, c.Size)
		}
	}
	return out
}
