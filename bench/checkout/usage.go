package checkout

import (
	"runtime"
	"syscall"
	"time"
)

// Cost is what an operation cost in one pass.
type Cost struct {
	Nanoseconds    float64 `json:"ns"`     // elapsed time over operations, of all goroutines together
	CPUNanoseconds float64 `json:"cpu_ns"` // user and system time of this process over operations
	Allocations    float64 `json:"allocations"`
	Bytes          float64 `json:"bytes"` // allocated
}

// usage is what this process has used since it began.
type usage struct {
	cpu         time.Duration
	allocations uint64
	bytes       uint64
}

func usageNow() usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := usage{allocations: m.Mallocs, bytes: m.TotalAlloc}
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) == nil { // it fails for wrong arguments only
		u.cpu = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return u
}

func (u usage) since(before usage) usage {
	return usage{u.cpu - before.cpu, u.allocations - before.allocations, u.bytes - before.bytes}
}

// per divides by the number of operations that were done in the time.
func (u usage) per(took time.Duration, operations int) Cost {
	n := float64(operations)
	return Cost{
		Nanoseconds:    float64(took) / n,
		CPUNanoseconds: float64(u.cpu) / n,
		Allocations:    float64(u.allocations) / n,
		Bytes:          float64(u.bytes) / n,
	}
}
