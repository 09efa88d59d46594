package wire_test

import (
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/wire"
)

func FuzzParseStartup(f *testing.F) {
	for _, s := range []string{"\x00\x03\x00\x00user\x00a\x00\x00", "\x00\x03\x00\x09user\x00a\x00_pq_.x\x001\x00options\x00-c a=b\x00\x00", "\x04\xd2\x16\x2f", "\x04\xd2\x16\x2e12345678", "\x00\x02\x00\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		if len(b) >= 4 { // the length before it says so
			if s, e := wire.ParseStartup(b); e == nil {
				s.Negotiate()
				s.Database()
				_, _ = s.Wanted()
			}
		}
	})
}

func FuzzParseOptions(f *testing.F) {
	for _, s := range []string{"-c a=b --c-d=e\\ f", "-ca=b", "-c", "--x", "\\", " "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		into := make(map[string]string)
		err := wire.ParseOptions(s, into)
		for name := range into {
			if name == "" || err != nil {
				t.Fatalf("%q: %q, %v", s, into, err)
			}
		}
	})
}
