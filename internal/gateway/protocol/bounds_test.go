package protocol_test

import (
	"fmt"
	"maps"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/wire"
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
	for name, f := range map[string]func(m *told){
		"a statement that puts back much, bound often": func(m *told) {
			m.client(t, wire.Append(nil, 'P', resets))
			for range 10000 {
				m.client(t, wire.Append(nil, 'B', none))
			}
		},
		"many statements that are not answered": func(m *told) {
			for range 10000 {
				m.client(t, wire.Append(nil, 'P', resets))
			}
		},
		"queries that the server skips": func(m *told) {
			m.client(t, wire.Append(nil, 'P', none))
			m.server(t, wire.Append(nil, 'E', []byte{0}))
			for range 10000 {
				m.client(t, wire.Append(nil, 'Q', resets[1:]))
			}
		},
		"queries that it may skip": func(m *told) {
			m.client(t, wire.Append(nil, 'P', none))
			for range 10000 {
				m.client(t, wire.Append(nil, 'Q', resets[1:]))
			}
		},
		"Syncs that nobody answers": func(m *told) {
			for range 1000000 {
				m.client(t, wire.Append(nil, 'S', nil))
			}
		},
		"Syncs in a COPY": func(m *told) {
			m.client(t, wire.Append(nil, 'Q', none))
			m.server(t, wire.Append(nil, 'G', none))
			for range 1000000 {
				m.client(t, wire.Append(nil, 'S', nil))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if n := holds(func() any {
				m := machine(false)
				f(m)
				return m
			}); n > much {
				t.Errorf("%d bytes are held", n)
			}
		})
	}
}

func TestOnlyTheSettingsThatPostgreSQLReportsAreRemembered(t *testing.T) {
	set := params.NewSet(map[string]string{"TimeZone": "UTC", "server_version": "15"}, nil)
	m := machineWith(false, set)
	m.client(t, wire.Append(nil, 'Q', []byte("select 1\x00")))
	for i := range 20000 {
		m.server(t, wire.AppendParameter(nil, fmt.Sprintf("name_%d", i), "value"))
	}
	m.server(t, wire.AppendParameter(nil, "TimeZone", "Asia/Tokyo"))
	m.server(t, wire.AppendParameter(nil, "application_name", ""))
	want := map[string]string{"TimeZone": "Asia/Tokyo", "server_version": "15", "application_name": ""}
	if got := m.Params().Reported(); !maps.Equal(got, want) {
		t.Errorf("%d are", len(got))
	}
}

func TestALongTextOfNestedCallsIsLookedAtInTimeThatGrowsWithItsLength(t *testing.T) {
	began := time.Now()
	for _, call := range []string{"set_config(", "set_config('a', ", "set_config(,true),"} {
		text := strings.Repeat(call, 200000)
		protocol.Pins("select " + text)
		protocol.Pins("select " + text + strings.Repeat(", true)", 200000))
		protocol.OnlyReads("select " + text)
	}
	if d := time.Since(began); d > 20*time.Second { // the square of it would be hours
		t.Errorf("it took %v", d)
	}
}
