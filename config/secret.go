package config

import (
	"fmt"
	"io"
)

// Secret is a string that prints as stars: in errors, logs, JSON and with every
// verb of fmt alike. An empty one prints as nothing.
type Secret string

const masked = "********"

// Reveal returns the secret itself, for the one place that must send it.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString keeps what prints Go syntax from printing the secret.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// Format keeps the verbs that would print the bytes, as %x, from doing so.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, s.GoString()) // as fmt, which has nobody to tell
		return
	}
	_, _ = io.WriteString(f, s.String())
}

// MarshalText keeps encoders from writing the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
