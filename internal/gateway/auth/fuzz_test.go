package auth_test

import (
	"bytes"
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/auth"
)

func FuzzParseInitial(f *testing.F) {
	f.Add([]byte("SCRAM-SHA-256\x00\x00\x00\x00\x05n,,n="))
	f.Add([]byte("SCRAM-SHA-256\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, ok := auth.ParseInitial(b); ok && !bytes.HasSuffix(b, []byte(s)) {
			t.Fatalf("%q of %q", s, b)
		}
	})
}
