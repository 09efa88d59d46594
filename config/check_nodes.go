package config

import (
	"fmt"
	"slices"
	"strings"
)

func (k *checker) nodes(t Topology) {
	if len(t.Nodes) == 0 && !k.misread {
		k.add(Problem{What: "the topology has no node", Advice: `add a block: node "main" { host = "127.0.0.1" }`})
	}
	names(k, "node", t.Nodes, func(n Node) (string, Source) { return n.Name, n.Source })
	for _, n := range t.Nodes {
		what := fmt.Sprintf("node %q", n.Name)
		k.host(n, what)
		if n.Port == 0 { // in Go, without Complete
			k.wrong(n.Source, "port", what, "", "want a number from 1 to 65535")
		}
		oneOf(k, n.Source, "role", what, n.Role, Primary, Replica)
		least, most := timing{"backoff_min", n.BackoffMin, true}, timing{"backoff_max", n.BackoffMax, true}
		k.timings(n.Source, what, timing{"connect_timeout", n.ConnectTimeout, true}, least, most)
		k.inOrder(n.Source, what, least, most)
		k.tls(n, what)
		k.requireAuth(n, what)
		k.breaker(n, what)
	}
}

func (k *checker) host(n Node, what string) {
	if _, socket := n.Source.settings["socket"]; socket {
		if !isSocketFolder(n.Host) {
			k.wrong(n.Source, "socket", what, `write the whole path of the folder, such as "/run/postgresql"`,
				"%s does not begin with /", quote(n.Source, "socket", n.Host))
		} else if wrong, advice := hostProblem(n.Host, n.Port); wrong != "" {
			k.wrong(n.Source, "socket", what, advice, "%s", wrong)
		}
		return
	}
	if wrong, advice := hostProblem(n.Host, n.Port); wrong != "" {
		if n.Source.secret("host") { // advice may quote a part of it
			advice = ""
		}
		k.wrong(n.Source, "host", what, advice, "%s", wrong)
	}
}

// tlsModes are libpq's sslmodes, from the weakest on.
var tlsModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

func (k *checker) tls(n Node, what string) {
	oneOf(k, n.Source, "tls.mode", what, n.TLS.Mode, tlsModes...)
	switch {
	case n.TLS.Cert != "" && n.TLS.Key == "":
		k.wrong(n.Source, "tls.cert", what, "add key, or leave cert out", "a client certificate wants its key")
	case n.TLS.Cert == "" && n.TLS.Key != "":
		k.wrong(n.Source, "tls.key", what, "add cert, or leave key out", "a key wants its client certificate")
	}
	if n.TLS.Mode == "disable" {
		for _, unused := range []struct{ setting, value string }{
			{"tls.ca", n.TLS.CA}, {"tls.cert", n.TLS.Cert}, {"tls.server_name", n.TLS.ServerName},
		} {
			if unused.value != "" {
				k.wrong(n.Source, unused.setting, what, `write mode = "verify-full", or leave it out`, "nothing uses it, since mode is disable")
			}
		}
	}
}

// authMethods are what a server can ask for, as libpq's require_auth calls it.
var authMethods = []string{"password", "md5", "scram-sha-256", "gss", "sspi", "oauth", "none"}

func (k *checker) requireAuth(n Node, what string) {
	if n.RequireAuth == "" {
		return
	}
	seen := make(map[string]bool)
	allowed, forbidden := false, false
	for part := range strings.SplitSeq(n.RequireAuth, ",") {
		method, not := strings.CutPrefix(strings.TrimSpace(part), "!")
		allowed, forbidden = allowed || !not, forbidden || not
		switch {
		case !slices.Contains(authMethods, method):
			k.wrong(n.Source, "require_auth", what, "write some of "+strings.Join(authMethods, ", ")+", separated by commas, or each with a ! before it",
				"%s is no method of authentication", quote(n.Source, "require_auth", method))
		case seen[method]:
			k.wrong(n.Source, "require_auth", what, "keep one of them", "%s is there twice", quote(n.Source, "require_auth", method))
		}
		seen[method] = true
	}
	if allowed && forbidden {
		k.wrong(n.Source, "require_auth", what, "write what is allowed, or what is not, each with a ! before it", "some methods have a ! and some have none")
	}
}

func (k *checker) breaker(n Node, what string) {
	b := n.Breaker
	switch {
	case b.FailureThreshold == 0:
		unused(k, n.Source, what, "breaker", breakerSettings, b, "failure_threshold", "5")
	case b.FailureThreshold < 0:
		k.wrong(n.Source, "breaker.failure_threshold", what, "", "want at least 0, not %d", b.FailureThreshold)
	default:
		k.timings(n.Source, what, timing{"breaker.trip_timeout", b.TripTimeout, true}, timing{"breaker.reset_timeout", b.ResetTimeout, true})
	}
}

// primaries are the names of the nodes that can be written to.
func (t Topology) primaries() []string {
	var names []string
	for _, n := range t.Nodes {
		if n.Role == Primary && !slices.Contains(names, n.Name) {
			names = append(names, n.Name)
		}
	}
	return names
}
