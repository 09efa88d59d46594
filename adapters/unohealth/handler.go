package unohealth

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/supervisor"
)

// defaultLimit is a little more than the two seconds that a monitor gives a server.
const defaultLimit = 3 * time.Second

// Option is what [Handler] can do otherwise.
type Option func(*handler)

// Timeout bounds how long an answer may take, 3 seconds unless set. A server that
// has said nothing by then is CRITICAL. More than two seconds count for two; what is not
// above 0 changes nothing.
func Timeout(d time.Duration) Option {
	return func(h *handler) {
		if d > 0 {
			h.limit = d
		}
	}
}

// WithoutDetails has the answer say how the pools are, and not why: the reasons
// tell of hosts, users and figures, though never of passwords.
func WithoutDetails() Option { return func(h *handler) { h.brief = true } }

// Handler answers GET and HEAD with how the pools are, as JSON: 503 Service
// Unavailable if one is CRITICAL, else 200 OK, so also for a WARNING, which serves.
// With ?pool=name it is about that pool alone, and 404 Not Found if there is none.
// All pools are asked at once.
//
//	{"status": "WARNING", "pools": {"default": {
//		"status": "WARNING", "details": ["3 wait for a lease"], "metrics": {"used": 20, ...}}}}
//
// It is safe for concurrent use.
func Handler(sys *unoactor.System, options ...Option) http.Handler {
	h := &handler{system: sys, limit: defaultLimit}
	for _, o := range options {
		if o != nil {
			o(h)
		}
	}
	return h
}

type handler struct {
	system *unoactor.System
	limit  time.Duration
	brief  bool
}

type report struct {
	Status string                `json:"status"`
	Pools  map[string]poolReport `json:"pools"`
}

type poolReport struct {
	Status  string         `json:"status"`
	Details []string       `json:"details,omitempty"`
	Metrics map[string]any `json:"metrics,omitempty"`
}

type refusal struct {
	Error string `json:"error"`
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		answer(w, r, http.StatusMethodNotAllowed, refusal{fmt.Sprintf("%s is not for health: use GET or HEAD", r.Method)})
		return
	}
	if h.system == nil {
		answer(w, r, http.StatusServiceUnavailable, refusal{"there is no system to tell of: the handler was made of nil"})
		return
	}
	pools, err := h.pools(r.URL.Query()["pool"])
	if err != nil {
		answer(w, r, http.StatusNotFound, refusal{err.Error()})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.limit)
	defer cancel()
	worst, status := supervisor.OK, http.StatusOK
	all := report{Pools: make(map[string]poolReport, len(pools))}
	for name, s := range check(ctx, pools) {
		worst = max(worst, s.Status)
		p := poolReport{Status: s.Status.String()}
		if !h.brief {
			p.Details, p.Metrics = s.Details, s.Metrics
		}
		all.Pools[name] = p
	}
	if worst == supervisor.Critical {
		status = http.StatusServiceUnavailable
	}
	all.Status = worst.String()
	answer(w, r, status, all)
}

// pools are those of the names, or all if there are none.
func (h *handler) pools(names []string) (map[string]*unoactor.DB, error) {
	pools := make(map[string]*unoactor.DB, len(names))
	if len(names) == 0 {
		for _, p := range h.system.Tree().Pools() {
			if db, err := h.system.DB(p.Name()); err == nil { // it may be removed at this moment
				pools[p.Name()] = db
			}
		}
	}
	for _, name := range names {
		db, err := h.system.DB(name)
		if err != nil {
			return nil, err
		}
		pools[name] = db
	}
	return pools, nil
}

// check asks all pools at once: one that is slow takes nothing of the others' time.
func check(ctx context.Context, pools map[string]*unoactor.DB) map[string]supervisor.HealthStatus {
	var mu sync.Mutex
	var asked sync.WaitGroup
	all := make(map[string]supervisor.HealthStatus, len(pools))
	for name, db := range pools {
		asked.Go(func() {
			s := unoactor.NewHealthMonitor(db).CheckHealth(ctx)
			mu.Lock()
			defer mu.Unlock()
			all[name] = s
		})
	}
	asked.Wait()
	return all
}

func answer(w http.ResponseWriter, r *http.Request, status int, body any) {
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(body); err != nil {
		http.Error(w, "the health of the pools can't be written as JSON: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store") // a proxy's memory of health is no health
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text.Bytes()) // who asked has hung up: nobody to tell
	}
}
