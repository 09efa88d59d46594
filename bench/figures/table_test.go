package figures_test

import (
	"fmt"
	"testing"

	"github.com/unoactor/unoactor/bench/figures"
)

func ExampleTable() {
	t := figures.NewTable("clients", "tps", "ratio")
	t.Row("1", "9000", figures.Times(1.5))
	t.Row("64 | full", "31415")
	fmt.Print(t)
	// Output:
	// | clients    |   tps | ratio |
	// |------------|------:|------:|
	// | 1          |  9000 | 1.50x |
	// | 64 \| full | 31415 |       |
}

func TestARowThatIsTooLongIsABug(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("it was taken")
		}
	}()
	figures.NewTable("one").Row("1", "2")
}
