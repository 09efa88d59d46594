package testkit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Postgres starts a server for one test, which may stop, kill and freeze it at
// will; it is closed when the test ends, and the end of its log is shown if the
// test failed. At most one set of options may be given.
func Postgres(t testing.TB, options ...ServerOptions) *Server {
	t.Helper()
	if len(options) > 1 {
		t.Fatal("testkit: more than one ServerOptions")
	}
	var chosen ServerOptions
	if len(options) == 1 {
		chosen = options[0]
	}
	s, err := StartServer(t.Context(), chosen)
	if err != nil {
		t.Fatalf("testkit: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.Log())
		}
		if err := s.Close(); err != nil {
			t.Errorf("testkit: close the server: %v", err)
		}
	})
	return s
}

// shared is the server that the tests of a package have in common.
var shared struct {
	sync.Mutex
	server    *Server
	adopted   bool // Main is there to close it
	databases atomic.Int64
}

// sharedOptions leave room for parallel tests.
var sharedOptions = ServerOptions{Parameters: map[string]string{"max_connections": "200"}}

// Shared returns the server that all tests of the package have in common, and
// an empty database in it that is this test's own, dropped when the test ends.
// The first call starts the server, so a package whose TestMain calls [Main]
// pays for one start at most. Tests must not stop, kill, freeze or
// reconfigure it: those take [Postgres].
func Shared(t testing.TB) (server *Server, database string) {
	t.Helper()
	server, err := sharedServer(t.Context())
	if err != nil {
		t.Fatalf("testkit: %v", err)
	}
	database = fmt.Sprintf("test_%d", shared.databases.Add(1))
	if err := server.CreateDatabase(t.Context(), database); err != nil {
		t.Fatalf("testkit: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := server.DropDatabase(ctx, database); err != nil {
			t.Errorf("testkit: %v", err)
		}
	})
	return server, database
}

func sharedServer(ctx context.Context) (*Server, error) {
	shared.Lock()
	defer shared.Unlock()
	if !shared.adopted {
		return nil, errors.New("Shared needs a TestMain that calls testkit.Main, which closes the server: " +
			"func TestMain(m *testing.M) { testkit.Main(m) }")
	}
	if shared.server == nil {
		s, err := StartServer(ctx, sharedOptions)
		if err != nil {
			return nil, err
		}
		shared.server = s
	}
	return shared.server, nil
}

// Main runs a package's tests, closes the server that they shared, if any, then
// fails the package when a goroutine is left, and exits. It is a TestMain:
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
// known are the goroutines of other libraries that these leave running for ever.
func Main(m *testing.M, known ...goleak.Option) {
	shared.Lock()
	shared.adopted = true
	shared.Unlock()
	code := m.Run()
	if err := closeShared(); err != nil {
		fmt.Fprintf(os.Stderr, "testkit: close the shared server: %v\n", err)
		code = max(code, 1)
	}
	if code == 0 {
		if err := leakedGoroutines(known...); err != nil {
			fmt.Fprintf(os.Stderr, "testkit: goroutines left after all tests:\n%s\n", strings.TrimSpace(err.Error()))
			code = 1
		}
	}
	os.Exit(code) //nolint:forbidigo // as TestMain it is where the test binary ends
}

func closeShared() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		return nil
	}
	return shared.server.Close()
}
