package testkit_test

import (
	"testing"

	"github.com/unoactor/unoactor/testkit"
)

func TestAProcessNameMayHoldAnything(t *testing.T) {
	pid, parent, state, program, ok := testkit.StatFields("42 (a) R (b) S 7 42 42 0 -1")
	if !ok || pid != 42 || parent != 7 || state != 'S' || program != "a) R (b" {
		t.Errorf("got %d %d %c %q %v", pid, parent, state, program, ok)
	}
}

func FuzzStat(f *testing.F) {
	for _, line := range []string{"", "1 (", ") S 1", "1 (x) ", "1 (x) S", "1 () S 0", "1 (x) S y"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		testkit.StatFields(line) // must not panic, whatever the kernel writes
	})
}
