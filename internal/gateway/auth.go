package gateway

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"

	"github.com/unoactor/unoactor/config"
)

// asker puts a question of the authentication to the client and returns the
// body of its answer, a PasswordMessage.
type asker func(request uint32, data []byte) ([]byte, error)

// Requests of the Authentication message (PostgreSQL documentation, "Message
// Formats").
const (
	authOK           = 0
	authMD5          = 5
	authSASL         = 10
	authSASLContinue = 11
	authSASLFinal    = 12
)

const mechanism = "SCRAM-SHA-256"

// authenticator knows the users. It is immutable.
type authenticator struct {
	method config.Auth
	users  map[string]config.User
	stored map[string]scram.StoredCredentials // by user
	pepper []byte                             // makes up credentials of users that there are none of
}

const iterations = 4096 // PostgreSQL's default

func newAuthenticator(g config.Gateway) (*authenticator, error) {
	a := &authenticator{method: g.Auth, users: make(map[string]config.User), stored: make(map[string]scram.StoredCredentials)}
	a.pepper = make([]byte, 32)
	_, _ = rand.Read(a.pepper) // never fails
	if len(g.Users) > 0 {
		a.pepper = pepper(g.Users)
	}
	for _, u := range g.Users {
		a.users[u.Name] = u
		if g.Auth != config.SCRAM {
			continue
		}
		credentials, err := a.credentials(u.Name, u.Password.Reveal())
		if err != nil {
			return nil, fmt.Errorf("user %q: %w", u.Name, err)
		}
		a.stored[u.Name] = credentials
	}
	return a, nil
}

// pepper is a secret that stays the same for as long as the users do, so that a
// restart does not tell those who are made up from those who are not.
func pepper(users []config.User) []byte {
	mac := hmac.New(sha256.New, []byte("unoactor"))
	for _, u := range users {
		fmt.Fprintf(mac, "%q %q\n", u.Name, u.Password.Reveal())
	}
	return mac.Sum(nil)
}

// credentials makes what the server's side of SCRAM needs, of a password or of
// what PostgreSQL stores instead: SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>.
func (a *authenticator) credentials(user, password string) (scram.StoredCredentials, error) {
	rest, verifier := strings.CutPrefix(password, mechanism+"$")
	if !verifier {
		client, err := scram.SHA256.NewClient("", password, "")
		if err != nil {
			return scram.StoredCredentials{}, fmt.Errorf("the password can't be used with SCRAM")
		}
		return client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: string(a.salt(user)), Iters: iterations})
	}
	bad := fmt.Errorf("the stored password is not of the form SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>")
	factors, keys, ok1 := strings.Cut(rest, "$")
	count, salt, ok2 := strings.Cut(factors, ":")
	storedKey, serverKey, ok3 := strings.Cut(keys, ":")
	n, err := strconv.Atoi(count)
	if !ok1 || !ok2 || !ok3 || err != nil || n < 1 {
		return scram.StoredCredentials{}, bad
	}
	c := scram.StoredCredentials{KeyFactors: scram.KeyFactors{Iters: n}}
	for _, part := range []struct {
		text string
		to   func([]byte)
	}{
		{salt, func(b []byte) { c.Salt = string(b) }},
		{storedKey, func(b []byte) { c.StoredKey = b }},
		{serverKey, func(b []byte) { c.ServerKey = b }},
	} {
		b, err := base64.StdEncoding.DecodeString(part.text)
		if err != nil || len(b) == 0 {
			return scram.StoredCredentials{}, bad
		}
		part.to(b)
	}
	return c, nil
}

// salt is a user's own, the same each time, whether the user exists or not.
func (a *authenticator) salt(user string) []byte {
	mac := hmac.New(sha256.New, a.pepper)
	mac.Write([]byte(user))
	return mac.Sum(nil)[:16]
}

// check asks the client to prove that it is the user. Who is unknown is asked
// the same, takes the same and fails the same as who has a wrong password.
func (a *authenticator) check(user string, ask asker) error {
	switch a.method {
	case config.Trust:
		if _, known := a.users[user]; len(a.users) > 0 && !known {
			return errAuthentication(user)
		}
		return nil
	case config.MD5:
		return a.checkMD5(user, ask)
	}
	return a.checkSCRAM(user, ask)
}

func (a *authenticator) checkMD5(user string, ask asker) error {
	var salt [4]byte
	_, _ = rand.Read(salt[:]) // never fails
	answer, err := ask(authMD5, salt[:])
	if err != nil {
		return err
	}
	u, known := a.users[user]
	stored := u.Password.Reveal()
	if !strings.HasPrefix(stored, "md5") || len(stored) != 35 {
		stored = "md5" + hexMD5(stored+user)
	}
	want := "md5" + hexMD5(stored[3:]+string(salt[:])) + "\x00"
	if !hmac.Equal([]byte(want), answer) || !known || u.Password == "" {
		return errAuthentication(user)
	}
	return nil
}

func hexMD5(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (a *authenticator) checkSCRAM(user string, ask asker) error {
	lookup := func(string) (scram.StoredCredentials, error) {
		if c, ok := a.stored[user]; ok {
			return c, nil
		}
		// Nobody's keys: no password has them.
		mac := hmac.New(sha256.New, a.pepper)
		mac.Write([]byte("keys of " + user))
		return scram.StoredCredentials{
			KeyFactors: scram.KeyFactors{Salt: string(a.salt(user)), Iters: iterations},
			StoredKey:  mac.Sum(nil), ServerKey: mac.Sum(nil),
		}, nil
	}
	server, err := scram.SHA256.NewServer(lookup)
	if err != nil {
		return err
	}
	conversation := server.NewConversation()
	answer, err := ask(authSASL, []byte(mechanism+"\x00\x00"))
	if err != nil {
		return err
	}
	first, f := parseInitial(answer)
	if f != nil {
		return f
	}
	challenge, err := conversation.Step(first)
	if err != nil {
		return errAuthentication(user)
	}
	if answer, err = ask(authSASLContinue, []byte(challenge)); err != nil {
		return err
	}
	final, err := conversation.Step(string(answer))
	if err != nil || !conversation.Valid() {
		return errAuthentication(user)
	}
	_, err = ask(authSASLFinal, []byte(final))
	return err
}

// parseInitial reads a SASLInitialResponse. PostgreSQL ignores the user name in it.
func parseInitial(answer []byte) (string, *failure) {
	name, rest, ok := cstring(answer)
	if !ok || len(rest) < 4 {
		return "", violation("a SASL response without a mechanism")
	}
	if string(name) != mechanism {
		return "", violation("the client chose %q, which was not offered", name)
	}
	n := int32(binary.BigEndian.Uint32(rest))
	if int(n) != len(rest)-4 {
		return "", violation("a SASL response of the wrong length")
	}
	return string(rest[4:]), nil
}
