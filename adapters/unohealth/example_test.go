package unohealth_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unohealth"
	"github.com/unoactor/unoactor/testkit"
)

func Example() {
	ctx := context.Background()
	server, err := testkit.StartServer(ctx, testkit.ServerOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	sys, err := unoactor.New(ctx, topology(server, "postgres", "default"))
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(ctx)

	mux := http.NewServeMux()
	mux.Handle("/readyz", unohealth.Handler(sys, unohealth.WithoutDetails()))
	probe := func() {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		fmt.Print(w.Code, " ", w.Body)
	}
	probe()
	if err := server.Kill(); err != nil {
		log.Fatal(err)
	}
	probe()
	// Output:
	// 200 {"status":"OK","pools":{"default":{"status":"OK"}}}
	// 503 {"status":"CRITICAL","pools":{"default":{"status":"CRITICAL"}}}
}
