package uno_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unohealth"
)

// registry is any registry of health checks.
type registry map[string]func(context.Context) error

// Register adds a check.
func (r registry) Register(name string, check func(context.Context) error) { r[name] = check }

func Example_healthIntegration() {
	ctx := context.Background()
	sys := manager(ctx)
	defer sys.Close(ctx)

	checks := registry{}
	unoactor.RegisterHealth(checks, sys)
	for _, name := range []string{"database:default", "database:analytics"} {
		fmt.Println(name, checks[name](ctx))
	}

	server := httptest.NewServer(unohealth.Handler(sys))
	defer server.Close()
	answer := must(http.Get(server.URL))
	defer answer.Body.Close()
	fmt.Println(answer.Status)
	// Output:
	// database:default <nil>
	// database:analytics <nil>
	// 200 OK
}
