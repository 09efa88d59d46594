package gateway_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/internal/gateway"
)

// holds is how many bytes are held after f that were not before.
func holds(f func() any) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

func TestWhatAClientHasRememberedHasABound(t *testing.T) {
	const much = 1 << 20
	resets := []byte("\x00" + strings.Repeat("reset all;", 1500) + "\x00\x00\x00")
	for name, f := range map[string]func(c *gateway.Core){
		"a statement that puts back much, bound often": func(c *gateway.Core) {
			c.Client('P', resets, 0)
			for range 10000 {
				c.Client('B', none, 0)
			}
		},
		"many statements that are not answered": func(c *gateway.Core) {
			for range 10000 {
				c.Client('P', resets, 0)
			}
		},
		"queries that the server skips": func(c *gateway.Core) {
			c.Client('P', none, 0)
			c.Server('E', []byte{0})
			for range 10000 {
				c.Client('Q', resets[1:], 0)
			}
		},
		"queries that it may skip": func(c *gateway.Core) {
			c.Client('P', none, 0)
			for range 10000 {
				c.Client('Q', resets[1:], 0)
			}
		},
		"Syncs that nobody answers": func(c *gateway.Core) {
			for range 1000000 {
				c.Client('S', nil, 0)
			}
		},
		"Syncs in a COPY": func(c *gateway.Core) {
			c.Client('Q', none, 0)
			c.Server('G', none)
			for range 1000000 {
				c.Client('S', nil, 0)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if n := holds(func() any {
				c := gateway.NewCore(false)
				f(c)
				return c
			}); n > much {
				t.Errorf("%d bytes are held", n)
			}
		})
	}
}

func TestOnlyTheSettingsThatPostgreSQLReportsAreRemembered(t *testing.T) {
	if n := gateway.Remembers(20000); n != 3 {
		t.Errorf("%d are", n)
	}
}

func TestALongTextOfNestedCallsIsLookedAtInTimeThatGrowsWithItsLength(t *testing.T) {
	began := time.Now()
	for _, call := range []string{"set_config(", "set_config('a', ", "set_config(,true),"} {
		text := strings.Repeat(call, 200000)
		gateway.Pins("select " + text)
		gateway.Pins("select " + text + strings.Repeat(", true)", 200000))
		gateway.OnlyReads("select " + text)
	}
	if d := time.Since(began); d > 20*time.Second { // the square of it would be hours
		t.Errorf("it took %v", d)
	}
}
