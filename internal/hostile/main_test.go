package hostile_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/unoactor/unoactor/testkit"
)

// program is the daemon, with the means to count its goroutines.
var program string

// patience is how long a test waits for what certainly comes.
const patience = 30 * time.Second

// atOnce is how many rows run side by side: most of their time is waiting.
const atOnce = 6

var (
	seed   = uint64(1)
	rounds time.Duration // how long to go on; 0: each row once, without the long ones
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := settings(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	testkit.Main(m)
}

// build makes the program, for as long as the test lasts.
func build(t *testing.T) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "unoactor")
	words := []string{"build", "-tags", "hostile", "-o", program}
	if raced {
		words = append(words, "-race")
	}
	if out, err := exec.CommandContext(t.Context(), "go", append(words, "../../cmd/unoactor")...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// settings reads the environment.
func settings() error {
	if p := flag.Lookup("test.parallel"); p.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = flag.Set("test.parallel", strconv.Itoa(atOnce)) // it is a number
	}
	if s := os.Getenv("HOSTILE_TIME"); s != "" {
		var err error
		if rounds, err = time.ParseDuration(s); err != nil {
			return fmt.Errorf("HOSTILE_TIME: %w", err)
		}
		seed = uint64(time.Now().UnixNano())
	}
	if s := os.Getenv("HOSTILE_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			return fmt.Errorf("HOSTILE_SEED: %w", err)
		}
	}
	return nil
}
