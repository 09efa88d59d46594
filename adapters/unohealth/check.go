package unohealth

import (
	"context"
	"errors"

	"github.com/unoactor/unoactor"
)

var errNoPool = errors.New("unohealth: there is no pool to check: it is nil")

// Check is a pool's check as health libraries take it: nil unless the pool is
// CRITICAL, and then why. It takes no longer than ctx and two seconds, and is safe
// for concurrent use. [unoactor.RegisterHealth] registers one for each pool.
func Check(db *unoactor.DB) func(context.Context) error {
	if db == nil {
		return func(context.Context) error { return errNoPool }
	}
	return unoactor.NewHealthMonitor(db).Check
}
