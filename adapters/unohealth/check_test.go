package unohealth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexliesenfeld/health"
	hellofresh "github.com/hellofresh/health-go/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unohealth"
	"github.com/unoactor/unoactor/testkit"
)

// libraries make an endpoint of a check with a health library each.
var libraries = map[string]func(*testing.T, *unoactor.DB) http.Handler{
	"alexliesenfeld/health": func(_ *testing.T, db *unoactor.DB) http.Handler {
		return health.NewHandler(health.NewChecker(health.WithDisabledCache(),
			health.WithCheck(health.Check{Name: "database", Timeout: 3 * time.Second, Check: unohealth.Check(db)})))
	},
	"hellofresh/health-go": func(t *testing.T, db *unoactor.DB) http.Handler {
		h, err := hellofresh.New(hellofresh.WithChecks(hellofresh.Config{Name: "database", Timeout: 3 * time.Second, Check: unohealth.Check(db)}))
		if err != nil {
			t.Fatal(err)
		}
		return h.Handler()
	},
}

func TestHealthLibrariesFollowAPoolThroughACrash(t *testing.T) {
	for name, endpoint := range libraries {
		t.Run(name, func(t *testing.T) {
			server := testkit.Postgres(t)
			db := pool(t, open(t, topology(server, "postgres", "default")), "default")
			h := endpoint(t, db)
			probe := func(want int) string {
				t.Helper()
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
				if w.Code != want {
					t.Errorf("%d, want %d: %s", w.Code, want, w.Body)
				}
				return w.Body.String()
			}
			probe(http.StatusOK)
			if err := server.Kill(); err != nil {
				t.Fatal(err)
			}
			if body := probe(http.StatusServiceUnavailable); !strings.Contains(body, "connect") {
				t.Errorf("it does not say why: %s", body)
			}
			if err := server.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := db.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			probe(http.StatusOK)
		})
	}
}
