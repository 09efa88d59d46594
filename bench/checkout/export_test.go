package checkout

import (
	"context"
	"time"
)

// Drive is drive.
func Drive(ctx context.Context, goroutines int, do func(context.Context, int) error) (time.Duration, error) {
	return drive(ctx, goroutines, do)
}
