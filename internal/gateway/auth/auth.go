// Package auth has clients prove who they are: by trust, md5 or SCRAM-SHA-256, against the users of a configuration.
// How a question reaches the client is the caller's concern.
package auth

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/xdg-go/scram"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// Asker puts a question of the authentication to the client and returns the body of its answer, a PasswordMessage; nil
// after [wire.AuthSASLFinal], which is not answered.
type Asker func(request uint32, data []byte) ([]byte, error)

const mechanism = "SCRAM-SHA-256"

// Authenticator knows the users. It is immutable.
type Authenticator struct {
	method config.Auth
	users  map[string]config.User
	stored map[string]scram.StoredCredentials // by user
	shapes []shape                            // of the users' credentials
	pepper []byte                             // makes up credentials of users that there are none of
}

// shape is what everybody is told of a user's credentials.
type shape struct{ iterations, salt int }

const iterations = 4096 // PostgreSQL's default

// New returns an authenticator of the users and the method of a configuration.
func New(g config.Gateway) (*Authenticator, error) {
	a := &Authenticator{method: g.Auth, users: make(map[string]config.User), stored: make(map[string]scram.StoredCredentials), pepper: pepper()}
	for _, u := range g.Users {
		a.users[u.Name] = u
		if g.Auth != config.SCRAM {
			continue
		}
		credentials, err := a.credentials(u)
		if err != nil {
			return nil, fmt.Errorf("password of user %q: %w", u.Name, err)
		}
		a.stored[u.Name] = credentials
		a.shapes = append(a.shapes, shape{credentials.Iters, len(credentials.Salt)})
	}
	return a, nil
}

// pepper is a secret of this machine, the same after a restart, so that a restart does
// not tell users that are made up from others. It does not depend on passwords: what is
// made of it is told to everybody, who could try passwords against that. Where the
// machine has none it is the process's own.
func pepper() []byte {
	id, err := os.ReadFile("/etc/machine-id")
	if id = bytes.TrimSpace(id); err != nil || len(id) == 0 {
		id = make([]byte, 32)
		_, _ = rand.Read(id) // never fails
	}
	mac := hmac.New(sha256.New, id)
	mac.Write([]byte("unoactor: users that there are none of"))
	return mac.Sum(nil)
}

// credentials makes what the server's side of SCRAM needs, of a password or of
// what PostgreSQL stores instead.
func (a *Authenticator) credentials(u config.User) (scram.StoredCredentials, error) {
	v, stored, err := u.Verifier()
	switch {
	case err != nil:
		return scram.StoredCredentials{}, err
	case stored:
		return scram.StoredCredentials{
			KeyFactors: scram.KeyFactors{Iters: v.Iterations, Salt: string(v.Salt)}, StoredKey: v.StoredKey, ServerKey: v.ServerKey,
		}, nil
	}
	return hashed(u.Password.Reveal(), scram.KeyFactors{Salt: string(a.derive("salt", u.Name, 16)), Iters: iterations})
}

// hashed makes credentials of a password. Where SASLprep forbids it, or leaves nothing
// of it, PostgreSQL and libpq take its bytes as they are.
func hashed(password string, factors scram.KeyFactors) (scram.StoredCredentials, error) {
	raw, err := scram.SHA256.NewClientUnprepped("", password, "")
	if err != nil {
		return scram.StoredCredentials{}, errors.New("it can't be used with SCRAM")
	}
	prepared, err := scram.SHA256.NewClient("", password, "")
	if err != nil {
		return raw.GetStoredCredentialsWithError(factors)
	}
	credentials, err := prepared.GetStoredCredentialsWithError(factors)
	nothing, e := scram.SHA256.NewClientUnprepped("", "", "")
	if err != nil || e != nil {
		return credentials, errors.Join(err, e)
	}
	if of, err := nothing.GetStoredCredentialsWithError(factors); err != nil || bytes.Equal(of.StoredKey, credentials.StoredKey) {
		return raw.GetStoredCredentialsWithError(factors)
	}
	return credentials, nil
}

// nobody makes up credentials of a user that there is none of. They are the same each
// time, no password has them, and they look like those of a user that there is.
func (a *Authenticator) nobody(user string) scram.StoredCredentials {
	like := shape{iterations, 16}
	if n := uint64(len(a.shapes)); n > 0 {
		like = a.shapes[binary.BigEndian.Uint64(a.derive("shape", user, 8))%n]
	}
	keys := a.derive("keys", user, 32)
	return scram.StoredCredentials{
		KeyFactors: scram.KeyFactors{Salt: string(a.derive("salt", user, like.salt)), Iters: like.iterations}, StoredKey: keys, ServerKey: keys,
	}
}

// derive makes n bytes that only this machine could make, for a use and a user.
func (a *Authenticator) derive(use, user string, n int) []byte {
	var out []byte
	for block := byte(0); len(out) < n; block++ {
		mac := hmac.New(sha256.New, a.pepper)
		mac.Write([]byte{block})
		mac.Write([]byte(use + "\x00" + user))
		out = mac.Sum(out)
	}
	return out[:n]
}

// Check asks the client to prove that it is the user. Who is unknown is asked
// the same, takes the same and fails the same as who has a wrong password.
func (a *Authenticator) Check(user string, ask Asker) error {
	switch a.method {
	case config.Trust:
		if _, known := a.users[user]; len(a.users) > 0 && !known {
			return Failed(user)
		}
		return nil
	case config.MD5:
		return a.checkMD5(user, ask)
	}
	return a.checkSCRAM(user, ask)
}

func (a *Authenticator) checkMD5(user string, ask Asker) error {
	var salt [4]byte
	_, _ = rand.Read(salt[:]) // never fails
	answer, err := ask(wire.AuthMD5, salt[:])
	if err != nil {
		return err
	}
	u, known := a.users[user]
	stored := "md5" + hexMD5(u.Password.Reveal()+user) // whether it is used or not: the time it takes tells nothing
	if u.StoredForMD5() {
		stored = u.Password.Reveal()
	}
	want := "md5" + hexMD5(stored[3:]+string(salt[:])) + "\x00"
	if !hmac.Equal([]byte(want), answer) || !known || u.Password == "" {
		return Failed(user)
	}
	return nil
}

// Failed returns what a client is told that did not prove that it is the user.
func Failed(user string) *wire.Error {
	return &wire.Error{Fatal: true, Code: "28P01", Message: fmt.Sprintf("password authentication failed for user %q", user)}
}

func hexMD5(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (a *Authenticator) checkSCRAM(user string, ask Asker) error {
	lookup := func(string) (scram.StoredCredentials, error) {
		credentials := a.nobody(user) // whether it is used or not: the time it takes tells nothing
		if c, ok := a.stored[user]; ok {
			credentials = c
		}
		return credentials, nil
	}
	server, err := scram.SHA256.NewServer(lookup)
	if err != nil {
		return err
	}
	conversation := server.NewConversation()
	answer, err := ask(wire.AuthSASL, []byte(mechanism+"\x00\x00"))
	if err != nil {
		return err
	}
	first, f := parseInitial(answer)
	if f != nil {
		return f
	}
	if f := checkFirst(first); f != nil {
		return f
	}
	challenge, err := conversation.Step(first)
	if err != nil {
		return wire.Violation("malformed SCRAM message")
	}
	if answer, err = ask(wire.AuthSASLContinue, []byte(challenge)); err != nil {
		return err
	}
	final, err := conversation.Step(string(answer))
	if err != nil || !conversation.Valid() {
		return Failed(user)
	}
	_, err = ask(wire.AuthSASLFinal, []byte(final))
	return err
}

// parseInitial reads a SASLInitialResponse. PostgreSQL ignores the user name in it.
func parseInitial(answer []byte) (string, *wire.Error) {
	name, rest, ok := wire.CString(answer)
	if !ok || len(rest) < 4 {
		return "", wire.Violation("a SASL response without a mechanism")
	}
	if string(name) != mechanism {
		return "", wire.Violation("the client chose %q, which was not offered", name)
	}
	n := int32(binary.BigEndian.Uint32(rest))
	if int(n) != len(rest)-4 {
		return "", wire.Violation("a SASL response of the wrong length")
	}
	return string(rest[4:]), nil
}

// checkFirst refuses what a client may ask for in its first message and won't get, as
// PostgreSQL does: channel binding without TLS, to act as somebody else, extensions.
func checkFirst(first string) *wire.Error {
	flag, rest, _ := strings.Cut(first, ",")
	identity, rest, _ := strings.Cut(rest, ",")
	switch {
	case strings.HasPrefix(flag, "p="):
		return wire.Violation("the client selected %s, which is without channel binding, and binds its message to a channel", mechanism)
	case identity != "":
		return &wire.Error{Fatal: true, Code: "0A000", Message: "client uses authorization identity, but it is not supported"}
	case strings.HasPrefix(rest, "m="):
		return &wire.Error{Fatal: true, Code: "0A000", Message: "client requires an unsupported SCRAM extension"}
	}
	return nil
}
