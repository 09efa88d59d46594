package config

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// Verifier is a password as PostgreSQL stores it for SCRAM: what proves it, and
// not the password itself.
type Verifier struct {
	Iterations int
	Salt       []byte
	StoredKey  []byte
	ServerKey  []byte
}

const verifierPrefix = "SCRAM-SHA-256$"

var errVerifier = errors.New("it is not of the form SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>")

// Verifier returns what the user's password is stored as for SCRAM. stored is false
// if it is the password itself, or stored otherwise; the error never shows it.
func (u User) Verifier() (v Verifier, stored bool, err error) {
	rest, stored := strings.CutPrefix(u.Password.Reveal(), verifierPrefix)
	if !stored {
		return v, false, nil
	}
	factors, keys, ok1 := strings.Cut(rest, "$")
	count, salt, ok2 := strings.Cut(factors, ":")
	storedKey, serverKey, ok3 := strings.Cut(keys, ":")
	v.Iterations, err = strconv.Atoi(count)
	if !ok1 || !ok2 || !ok3 || err != nil || v.Iterations < 1 {
		return v, true, errVerifier
	}
	for _, part := range []struct {
		text string
		to   *[]byte
		size int // 0: any
	}{{salt, &v.Salt, 0}, {storedKey, &v.StoredKey, 32}, {serverKey, &v.ServerKey, 32}} {
		*part.to, err = base64.StdEncoding.DecodeString(part.text)
		if err != nil || len(*part.to) == 0 || part.size > 0 && len(*part.to) != part.size {
			return v, true, errVerifier
		}
	}
	return v, true, nil
}

// StoredForMD5 says whether the user's password is as PostgreSQL stores it for md5: the
// word and 32 hexadecimal digits.
func (u User) StoredForMD5() bool {
	digits, ok := strings.CutPrefix(u.Password.Reveal(), "md5")
	return ok && len(digits) == 32 && strings.Trim(digits, "0123456789abcdef") == ""
}
