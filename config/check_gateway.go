package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

func (k *checker) gateway(g Gateway) {
	oneOf(k, g.Source, "auth", "gateway", g.Auth, SCRAM, MD5, Trust)
	for i, address := range g.Listen {
		k.listen(g, i)
		if slices.Contains(g.Listen[:i], address) {
			k.wrong(g.Source, element("listen", i), "gateway", "leave one out", "%s is there twice", quote(g.Source, "listen", address))
		}
	}
	// In Go a gateway is there even if nobody means to serve one.
	if len(g.Users) == 0 && (g.Auth == SCRAM || g.Auth == MD5) && g.Source.File != "" {
		k.wrong(g.Source, "", "gateway", `add a block: user "app" { password = env("APP_PASSWORD") }`,
			"nobody could log in: it has no user, and auth is %s", quote(g.Source, "auth", g.Auth))
	}
	names(k, "user", g.Users, func(u User) (string, Source) { return u.Name, u.Source })
	for _, u := range g.Users {
		k.user(g, u)
	}
	k.timings(g.Source, "gateway", timing{"login_timeout", g.LoginTimeout, true}, timing{"query_wait", g.QueryWait, false},
		timing{"idle_timeout", g.IdleTimeout, false}, timing{"idle_in_transaction", g.IdleInTransaction, false},
		timing{"write_timeout", g.WriteTimeout, false}, timing{"drain_timeout", g.DrainTimeout, true})
	if g.MaxClients < 1 {
		k.wrong(g.Source, "max_clients", "gateway", "", "want at least 1, not %d", g.MaxClients)
	}
	k.logins(g)
	k.socket(g)
	if g.MaxMessage < 1<<10 || g.MaxMessage > 1<<30 {
		k.wrong(g.Source, "max_message", "gateway", `write "64MiB", or leave it out`, "want 1KiB to 1GiB, not %v", bytesSize(g.MaxMessage))
	}
}

func (k *checker) logins(g Gateway) {
	switch {
	case g.MaxLogins < 1:
		k.wrong(g.Source, "max_logins", "gateway", "", "want at least 1, not %d", g.MaxLogins)
	case g.MaxLoginsPerAddress < 1:
		k.wrong(g.Source, "max_logins_per_address", "gateway", "", "want at least 1, not %d", g.MaxLoginsPerAddress)
	case g.MaxLoginsPerAddress > g.MaxLogins:
		k.wrong(g.Source, "max_logins_per_address", "gateway", "make it smaller, or max_logins larger",
			"%s is more than max_logins, %s", shown(g.Source, "max_logins_per_address", g.MaxLoginsPerAddress), shown(g.Source, "max_logins", g.MaxLogins))
	}
}

// socket looks at what is said of the Unix socket's file. Whether there is such a
// group only the machine can tell that it is made on.
func (k *checker) socket(g Gateway) {
	if mode, err := strconv.ParseUint(g.SocketMode, 8, 32); err != nil || mode > 0o777 {
		k.wrong(g.Source, "socket_mode", "gateway", `write "0770", for the user and the group that the daemon runs as, or "0777", for everybody`,
			"%s is no mode of a file in octal digits", quote(g.Source, "socket_mode", g.SocketMode))
	}
	for _, setting := range []string{"socket_mode", "socket_group"} {
		if _, given := g.Source.settings[setting]; given && g.Socket == "" {
			k.wrong(g.Source, setting, "gateway", "add socket, the folder of a Unix socket, or leave it out", "there is no Unix socket that it could be of")
		}
	}
}

func (k *checker) listen(g Gateway, i int) {
	address := g.Listen[i]
	host, port, err := net.SplitHostPort(address)
	if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil {
		k.wrong(g.Source, element("listen", i), "gateway", `write host:port, such as "127.0.0.1:6432"`,
			"%s is no address with a port", quote(g.Source, "listen", address))
		return
	}
	if g.Auth == Trust && !loopback(host) {
		k.wrong(g.Source, "auth", "gateway", `write auth = "scram-sha-256", or listen on 127.0.0.1 only`,
			"with trust nobody proves who he is, and %s can be reached from other machines", quote(g.Source, "listen", address))
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (k *checker) user(g Gateway, u User) {
	what := fmt.Sprintf("user %q", u.Name)
	stored := u.Password.Reveal()
	switch {
	case g.Auth == Trust:
	case stored == "" && u.Source.secret("password"):
		k.wrong(u.Source, "password", what, "see that it is set where it comes from", "it is empty, and auth is %s", quote(g.Source, "auth", g.Auth))
	case stored == "":
		k.wrong(u.Source, "password", what, `add password = env("...") or file("...")`, "it has none, and auth is %s", quote(g.Source, "auth", g.Auth))
	case g.Auth == MD5 && strings.HasPrefix(stored, verifierPrefix):
		k.wrong(u.Source, "password", what, `write auth = "scram-sha-256"`, "it is stored for SCRAM, and md5 authentication can't use that")
	case g.Auth == SCRAM && u.StoredForMD5():
		k.wrong(u.Source, "password", what, `give the password itself or its SCRAM-SHA-256 form, or write auth = "md5"`,
			"it is stored for md5, and SCRAM can't use that")
	}
	if _, _, err := u.Verifier(); err != nil && g.Auth == SCRAM {
		k.wrong(u.Source, "password", what, "give what PostgreSQL stores (select rolpassword from pg_authid), or the password itself",
			"it begins as one that is stored for SCRAM does, and %v", err)
	}
}
