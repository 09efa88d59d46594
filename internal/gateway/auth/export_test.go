package auth

// ParseInitial reads the first answer of a SASL exchange.
func ParseInitial(b []byte) (string, bool) {
	s, e := parseInitial(b)
	return s, e == nil
}
