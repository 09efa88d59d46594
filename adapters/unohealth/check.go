package unohealth

import (
	"context"

	"github.com/unoactor/unoactor"
)

// Check is a pool's check as health libraries take it: nil unless the pool is
// CRITICAL, and then why. It takes no longer than ctx and two seconds, and is safe
// for concurrent use. [unoactor.RegisterHealth] registers one for each pool.
func Check(db *unoactor.DB) func(context.Context) error {
	return unoactor.NewHealthMonitor(db).Check
}
