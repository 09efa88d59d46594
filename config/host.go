package config

import (
	"fmt"
	"net"
	"net/netip"
	"path"
	"runtime"
	"strconv"
	"strings"
)

// longestSocket is how many bytes the path of a Unix socket may have, its name included.
const longestSocket = 107

// isSocketFolder says whether a host is the folder of a Unix socket.
func isSocketFolder(host string) bool {
	if runtime.GOOS == "windows" && len(host) > 2 && host[1] == ':' && (host[2] == '\\' || host[2] == '/') {
		return true
	}
	return strings.HasPrefix(host, "/")
}

// hostProblem is what is wrong with a host, and what to write instead; "" if it is a name,
// an address or the folder of a Unix socket. It quotes nothing of a host that may have a
// password in it.
func hostProblem(host string, port uint16) (what, advice string) {
	switch {
	case strings.TrimSpace(host) == "":
		return "it is empty", `write a name or an address, or leave it out for "127.0.0.1"`
	case strings.ContainsFunc(host, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "it has a control character in it", "take it out"
	case isSocketFolder(host):
		return socketProblem(host, port)
	case strings.Contains(host, "://"):
		return "it is a URL", `write its parts one by one: host = "db.example", port = 5432, user = ..., password = ..., database = ...`
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return "", ""
	}
	switch {
	case strings.Contains(host, ","):
		return "it has several hosts", "a node is one server: write a node for each, with pools on each, and routes between them"
	case strings.HasPrefix(host, "@"):
		return "a socket in the abstract namespace can't be connected to", `write the folder of a socket, such as "/run/postgresql"`
	case strings.Contains(host, "@"):
		return "it has a user in it", `write host = "db.example" and user = ...`
	case strings.ContainsAny(host, "= \t"):
		return "it is no name and no address", `write host = "db.example", and what else there is to say as settings of their own`
	case strings.ContainsAny(host, `/\`):
		return "it is a path that does not begin with /", `write the whole path of the socket's folder, such as "/run/postgresql"`
	case strings.ContainsAny(host, ":[]"):
		return portProblem(host)
	}
	return nameProblem(host)
}

func socketProblem(host string, port uint16) (what, advice string) {
	if n := len(path.Clean(host)) + len("/.s.PGSQL.") + len(strconv.Itoa(int(port))); n > longestSocket {
		return fmt.Sprintf("the path of its socket has %d bytes, and %d is the most that a system takes", n, longestSocket), "give the socket a folder with a shorter path"
	}
	return "", ""
}

// portProblem is about a host with a port, or the brackets of an address in a URL.
func portProblem(host string) (what, advice string) {
	if inner, ok := strings.CutSuffix(host, "]"); ok && strings.HasPrefix(inner, "[") {
		if _, err := netip.ParseAddr(inner[1:]); err == nil {
			return "the brackets around the address belong to a URL", fmt.Sprintf("write host = %q", inner[1:])
		}
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return "it is no name and no address", `write a name as "db.example", or an address as "192.0.2.1" or "2001:db8::1"`
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "it is no name and no address", `write host = "db.example" and port = 5432`
	}
	return "it has a port in it", fmt.Sprintf("write host = %q and port = %s", name, port)
}

// nameProblem is about a name of the DNS or of a hosts file. One that ends with a dot is
// absolute: no search domain is added to it.
func nameProblem(host string) (what, advice string) {
	const write = `write a name as "db.example", or an address as "192.0.2.1" or "2001:db8::1"`
	last := ""
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" {
			return "it is no name: two dots have nothing between them, or it begins with one", write
		}
		if len(label) > 63 {
			return "it is no name: what is between two dots has more than 63 bytes", write
		}
		last = label
	}
	for _, r := range host {
		if allowed := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' || r >= 0x80; !allowed {
			return fmt.Sprintf("it is no name and no address: there is a %q in it", r), write
		}
	}
	if strings.Trim(last, "0123456789") == "" && strings.Contains(host, ".") {
		return "it is no address: want four numbers from 0 to 255", `write it as "192.0.2.1"`
	}
	return "", ""
}
