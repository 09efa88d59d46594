package testkit_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unoactor/unoactor/testkit"
)

// victimEnv makes TestVictim, in a process of its own, start a server and then
// come to the end that the variable names.
const victimEnv = "UNOACTOR_TESTKIT_VICTIM"

func TestVictim(t *testing.T) {
	end := os.Getenv(victimEnv)
	if end == "" {
		t.Skip("runs only as the victim of another test")
	}
	s, err := testkit.StartServer(context.Background(), testkit.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\nserver %d %s\n", s.PID(), s.SocketDir())
	switch end {
	case "panic":
		panic("the victim panics")
	case "frozen":
		if err := s.Freeze(); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println("waiting")
	select {}
}

func TestNothingIsLeftOfAServerWhoseProcessDied(t *testing.T) {
	for end, signal := range map[string]syscall.Signal{
		"killed": syscall.SIGKILL, "interrupted": syscall.SIGINT, "frozen": syscall.SIGKILL, "panic": 0,
	} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			victim := exec.Command(os.Args[0], "-test.run=^TestVictim$", "-test.v")
			victim.Env = append(os.Environ(), victimEnv+"="+end)
			out, err := victim.StdoutPipe()
			must(t, err)
			must(t, victim.Start())
			pid, dir := readVictim(t, out, signal != 0)
			if signal != 0 {
				must(t, victim.Process.Signal(signal))
			}
			if err := victim.Wait(); err == nil {
				t.Error("the victim ended well")
			}
			deadline := time.After(20 * time.Second)
			for testkit.Alive(pid) || exists(dir) {
				select {
				case <-deadline:
					t.Fatalf("left: process %d: %v, directory %s: %v", pid, testkit.Alive(pid), dir, exists(dir))
				case <-time.After(10 * time.Millisecond):
				}
			}
		})
	}
}

// readVictim reads where the victim's server is and, when the victim waits for
// its end, until it waits.
func readVictim(t *testing.T, out interface{ Read([]byte) (int, error) }, waits bool) (pid int, dir string) {
	t.Helper()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 3 && words[0] == "server":
			var err error
			pid, err = strconv.Atoi(words[1])
			must(t, err)
			dir = words[2]
			if !waits {
				return pid, dir
			}
		case len(words) == 1 && words[0] == "waiting" && pid != 0:
			return pid, dir
		}
	}
	t.Fatalf("the victim said nothing: %v", lines.Err())
	return 0, ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}
