package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parameters are those keywords of libpq that are settings of a node.
var parameters = map[string]func(*Node, string) error{
	"host":     func(n *Node, v string) error { n.Host = v; return nil },
	"user":     func(n *Node, v string) error { n.User = v; return nil },
	"password": func(n *Node, v string) error { n.Password = Secret(v); return nil },
	"dbname":   func(n *Node, v string) error { n.Database = v; return nil },
	"port": func(n *Node, v string) error {
		port, err := strconv.ParseUint(v, 10, 16)
		if err != nil || port == 0 {
			return errors.New("want a number from 1 to 65535")
		}
		n.Port = uint16(port)
		return nil
	},
	"require_auth": func(n *Node, v string) error { n.RequireAuth = v; return nil },
	"sslmode":      func(n *Node, v string) error { n.TLS.Mode = v; return nil },
	"sslrootcert":  func(n *Node, v string) error { n.TLS.CA = v; return nil },
	"sslcert":      func(n *Node, v string) error { n.TLS.Cert = v; return nil },
	"sslkey":       func(n *Node, v string) error { n.TLS.Key = v; return nil },
	"connect_timeout": func(n *Node, v string) error {
		seconds, err := strconv.Atoi(v)
		if err != nil || seconds < 1 {
			return errors.New("want whole seconds, at least 1")
		}
		n.ConnectTimeout = time.Duration(seconds) * time.Second
		return nil
	},
}

// ParseURL makes a node of a connection URL such as
// postgres://user:password@localhost:5432/database?sslmode=require, as libpq reads it. What
// it does not say is left at zero; the environment is not looked at. Its errors never
// quote the URL, which has a password in it.
func ParseURL(text string) (Node, error) {
	given, err := urlKeywords(text)
	if err != nil {
		return Node{}, fmt.Errorf("the connection URL%w", err)
	}
	var n Node
	for _, name := range slices.Sorted(maps.Keys(given)) {
		set, known := parameters[name]
		if !known {
			return Node{}, fmt.Errorf("the connection URL: parameter %q is not known; it takes %s", name,
				strings.Join(slices.Sorted(maps.Keys(parameters)), ", "))
		}
		if err := set(&n, given[name]); err != nil {
			return Node{}, fmt.Errorf("the connection URL: %s: %w", name, err)
		}
	}
	if n.Host != "" {
		if what, advice := hostProblem(n.Host, n.Port); what != "" {
			return Node{}, fmt.Errorf("the connection URL: its host: %s: %s", what, advice)
		}
	}
	return n, nil
}

var (
	errScheme  = errors.New(" does not begin with postgres:// or postgresql://")
	errEscaped = errors.New(": want postgres://user:password@host:port/database, with what is special in user and password escaped as in %40 for @")
)

// urlKeywords takes a connection URL apart into libpq's keywords (PostgreSQL's manual,
// 34.1.1.2, "Connection URIs"). What is empty is not given. Each error continues "the
// connection URL".
func urlKeywords(text string) (map[string]string, error) {
	_, rest, found := strings.Cut(text, "://")
	if scheme := strings.TrimSuffix(text, "://"+rest); !found || scheme != "postgres" && scheme != "postgresql" {
		return nil, errScheme
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil, errors.New(" can't be read: there is a control character in it, such as a line break")
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority = rest[:i]
	}
	rest = rest[len(authority):]
	path, query, _ := strings.Cut(rest, "?")
	given := make(map[string]string)
	host := authority
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		host = authority[at+1:]
		given["user"], given["password"], _ = strings.Cut(authority[:at], ":")
	}
	var err error
	if given["host"], given["port"], err = cutHost(host); err != nil {
		return nil, err
	}
	given["dbname"] = strings.TrimPrefix(path, "/")
	for name, value := range given {
		if given[name], err = url.PathUnescape(value); err != nil {
			return nil, fmt.Errorf(" can't be read%w", errEscaped)
		}
	}
	if err := addQuery(given, query); err != nil {
		return nil, err
	}
	for name, value := range given {
		switch {
		case value == "":
			delete(given, name)
		case strings.Contains(value, "\x00"):
			return nil, fmt.Errorf(": there is a NUL in its %s", name)
		}
	}
	if strings.Contains(given["host"], ",") || strings.Contains(given["port"], ",") {
		return nil, errors.New(" has several hosts: a node is one server, so register each, and route between them")
	}
	return given, nil
}

// cutHost tells a host from its port. What is no port may be the rest of a password that
// was not escaped.
func cutHost(text string) (host, port string, err error) {
	if strings.HasPrefix(text, "[") {
		inner, after, closed := strings.Cut(text[1:], "]")
		if !closed || after != "" && after[0] != ':' {
			return "", "", fmt.Errorf(": its address in brackets can't be read%w", errEscaped)
		}
		host, port = inner, strings.TrimPrefix(after, ":")
	} else {
		host, port, _ = strings.Cut(text, ":")
		if strings.Count(text, ":") > 1 && !strings.Contains(text, ",") {
			return "", "", errors.New(": an address with colons is written in brackets, as in postgres://[2001:db8::1]:5432/database")
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && !strings.Contains(text, ",") && (err != nil || n == 0) {
		return "", "", fmt.Errorf(": its port is no number from 1 to 65535%w", errEscaped)
	}
	return host, port, nil
}

// addQuery adds what follows the question mark of a URL: name=value&name=value. A + is a
// plus, as for libpq.
func addQuery(given map[string]string, query string) error {
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, paired := strings.Cut(part, "=")
		name, err := url.PathUnescape(name)
		value, wrong := url.PathUnescape(value)
		if !paired || err != nil || wrong != nil {
			return errors.New(": what follows its ? can't be read: want name=value&name=value")
		}
		switch {
		case name == "ssl" && value == "true": // of JDBC, as libpq takes it
			name, value = "sslmode", "require"
		case name == "database":
			name = "dbname"
		}
		given[name] = value
	}
	return nil
}

// connectionURL writes a URL that [ParseURL], libpq and pgx read as these values.
func connectionURL(n Node) string {
	var b strings.Builder
	b.WriteString("postgres://")
	if n.User != "" || n.Password != "" {
		b.WriteString(escaped(n.User))
		if n.Password != "" {
			b.WriteString(":" + escaped(n.Password.Reveal()))
		}
		b.WriteString("@")
	}
	query := make([]string, 0, 3)
	port := ""
	if n.Port != 0 {
		port = strconv.Itoa(int(n.Port))
	}
	switch {
	case isSocketFolder(n.Host): // a folder can't stand where a host does: Go's own parser, so pgx, refuses it there
		query = append(query, "host="+escaped(n.Host))
		if port != "" {
			query = append(query, "port="+port)
		}
	case strings.Contains(n.Host, ":"):
		b.WriteString("[" + strings.ReplaceAll(n.Host, "%", "%25") + "]")
	default:
		b.WriteString(escaped(n.Host))
	}
	if port != "" && len(query) == 0 {
		b.WriteString(":" + port)
	}
	b.WriteString("/" + escaped(n.Database))
	if n.TLS.Mode != "" {
		query = append(query, "sslmode="+escaped(n.TLS.Mode))
	}
	if len(query) > 0 {
		b.WriteString("?" + strings.Join(query, "&"))
	}
	return b.String()
}

// escaped is a value as any part of a URL takes it.
func escaped(v string) string { return strings.ReplaceAll(url.QueryEscape(v), "+", "%20") }
