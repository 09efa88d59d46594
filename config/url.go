package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// urlParameters are what may stand after the ? of a connection URL, as in libpq.
var urlParameters = map[string]func(*Node, string) error{
	"sslmode":     func(n *Node, v string) error { n.TLS.Mode = v; return nil },
	"sslrootcert": func(n *Node, v string) error { n.TLS.CA = v; return nil },
	"sslcert":     func(n *Node, v string) error { n.TLS.Cert = v; return nil },
	"sslkey":      func(n *Node, v string) error { n.TLS.Key = v; return nil },
	"host":        func(n *Node, v string) error { n.Host = v; return nil },
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
// postgres://user:password@localhost:5432/database?sslmode=require. What it does not
// say is left at zero. Its errors never quote the URL, which has a password in it.
func ParseURL(text string) (Node, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Node{}, errors.New("the connection URL can't be read: want postgres://user:password@host:port/database, " +
			"with what is special in user and password escaped as in %40 for @")
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return Node{}, errors.New("the connection URL does not begin with postgres:// or postgresql://")
	}
	n := Node{Host: u.Hostname(), User: u.User.Username(), Database: strings.TrimPrefix(u.Path, "/")}
	if strings.Contains(u.Host, ",") {
		return Node{}, errors.New("the connection URL has several hosts: a node is one server, so register each, and route between them")
	}
	if password, given := u.User.Password(); given {
		n.Password = Secret(password)
	}
	if u.Port() != "" {
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || port == 0 {
			return Node{}, errors.New("the connection URL: its port is no number from 1 to 65535")
		}
		n.Port = uint16(port)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Node{}, errors.New("the connection URL: what follows its ? can't be read: want name=value&name=value")
	}
	for name, values := range query {
		set, known := urlParameters[name]
		if !known {
			return Node{}, fmt.Errorf("the connection URL: parameter %q is not known; it takes %s", name, strings.Join(parameterNames(), ", "))
		}
		if err := set(&n, values[len(values)-1]); err != nil {
			return Node{}, fmt.Errorf("the connection URL: parameter %q: %w", name, err)
		}
	}
	return n, nil
}

func parameterNames() []string {
	var names []string
	for name := range urlParameters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
