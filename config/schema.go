package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// topology decodes the blocks of all files. This file is the schema: what a
// block may hold, by the name that it has in a file.
func (r *reader) topology(bodies []*hclsyntax.Body) Topology {
	r.open(bodies)
	var t Topology
	var gateways, logs int
	single := func(b *hclsyntax.Block, seen *int) bool {
		if _, ok := r.label(b, 0); !ok {
			return false
		}
		if *seen++; *seen > 1 {
			r.addAt(b.DefRange(), fmt.Sprintf("there is a second %s block", b.Type), "put all its settings into the first")
			return false
		}
		return true
	}
	for _, body := range bodies {
		r.read(body, hcl.Range{Filename: body.SrcRange.Filename}, block{
			what: "a topology",
			nested: map[string]func(*hclsyntax.Block){
				"variable": func(*hclsyntax.Block) {}, // read before
				"locals":   func(*hclsyntax.Block) {},
				"node": func(b *hclsyntax.Block) {
					if name, ok := r.label(b, 1); ok {
						t.Nodes = append(t.Nodes, r.node(name, b))
					}
				},
				"pool": func(b *hclsyntax.Block) {
					if name, ok := r.label(b, 1); ok {
						t.Pools = append(t.Pools, r.pool(name, b))
					}
				},
				"route": func(b *hclsyntax.Block) {
					if name, ok := r.label(b, 1); ok {
						t.Routes = append(t.Routes, r.route(name, b))
					}
				},
				"gateway": func(b *hclsyntax.Block) {
					if single(b, &gateways) {
						t.Gateway = r.gateway(b)
					}
				},
				"log": func(b *hclsyntax.Block) {
					if single(b, &logs) {
						t.Log.Source = r.read(b.Body, b.DefRange(), block{what: "log", settings: map[string]setter{
							"level": text(&t.Log.Level), "format": text(&t.Log.Format),
						}})
					}
				},
			},
		})
	}
	return t
}

func (r *reader) node(name string, b *hclsyntax.Block) Node {
	n := Node{Name: name}
	var socket string
	var tls Source
	n.Source = r.read(b.Body, b.DefRange(), block{
		what: fmt.Sprintf("node %q", name),
		settings: map[string]setter{
			"host": text(&n.Host), "port": number(&n.Port), "socket": text(&socket),
			"database": text(&n.Database), "user": text(&n.User), "password": text(&n.Password), "role": text(&n.Role),
			"connect_timeout": period(&n.ConnectTimeout), "backoff_min": period(&n.BackoffMin), "backoff_max": period(&n.BackoffMax),
			"labels": table(&n.Labels),
		},
		nested: map[string]func(*hclsyntax.Block){
			"tls": func(b *hclsyntax.Block) {
				tls = r.read(b.Body, b.DefRange(), block{what: fmt.Sprintf("tls of node %q", name), settings: map[string]setter{
					"mode": text(&n.TLS.Mode), "ca": text(&n.TLS.CA), "cert": text(&n.TLS.Cert), "key": text(&n.TLS.Key),
					"server_name": text(&n.TLS.ServerName),
				}})
			},
		},
	})
	n.Source.include("tls", tls)
	if socket != "" {
		if n.Host != "" {
			r.addAt(b.Body.Attributes["socket"].NameRange, fmt.Sprintf("node %q has a host and a socket", name), "keep one of them")
		}
		n.Host = socket
	}
	return n
}

func (r *reader) pool(name string, b *hclsyntax.Block) Pool {
	p := Pool{Name: name}
	var hooks Source
	p.Source = r.read(b.Body, b.DefRange(), block{
		what:     fmt.Sprintf("pool %q", name),
		required: []string{"node"},
		settings: map[string]setter{
			"node": text(&p.Node), "database": text(&p.Database), "user": text(&p.User), "password": text(&p.Password),
			"mode": text(&p.Mode), "profile": text(&p.Profile), "size": number(&p.Size), "max_overflow": number(&p.MaxOverflow),
			"min_idle": number(&p.MinIdle), "acquire_timeout": period(&p.AcquireTimeout), "max_lifetime": period(&p.MaxLifetime),
			"idle_timeout": period(&p.IdleTimeout), "reset": text(&p.Reset), "drain_timeout": period(&p.DrainTimeout),
			"echo": truth(&p.Echo), "runtime": table(&p.Runtime), "labels": table(&p.Labels),
		},
		nested: map[string]func(*hclsyntax.Block){
			"hooks": func(b *hclsyntax.Block) {
				hooks = r.read(b.Body, b.DefRange(), block{what: fmt.Sprintf("hooks of pool %q", name), settings: map[string]setter{
					"on_connect": texts(&p.Hooks.OnConnect), "on_checkout": texts(&p.Hooks.OnCheckout),
					"on_checkin": texts(&p.Hooks.OnCheckin), "before_close": texts(&p.Hooks.BeforeClose),
					"timeout": period(&p.Hooks.Timeout),
				}})
			},
		},
	})
	p.Source.include("hooks", hooks)
	_, sized := b.Body.Attributes["size"]
	if sized && p.Size == 0 {
		r.addAt(b.Body.Attributes["size"].Expr.Range(), fmt.Sprintf("size of pool %q: want at least 1", name), "")
	}
	// A profile that is named gives what is not given; a bare size is the whole of the pool.
	if _, overflows := b.Body.Attributes["max_overflow"]; sized && !overflows && p.Profile != "" {
		p.MaxOverflow = profiles[p.Profile].overflow
	} else if overflows && !sized {
		p.Size = profiles[orMedium(p.Profile)].size
	}
	return p
}

func orMedium(p Profile) Profile {
	if p == "" {
		return Medium
	}
	return p
}

func (r *reader) route(name string, b *hclsyntax.Block) Route {
	route := Route{Name: name}
	route.Source = r.read(b.Body, b.DefRange(), block{
		what:     fmt.Sprintf("route %q", name),
		required: []string{"pool"},
		settings: map[string]setter{
			"database": text(&route.Database), "user": text(&route.User), "entity": text(&route.Entity),
			"access": text(&route.Access), "labels": table(&route.Labels), "pool": text(&route.Pool),
		},
	})
	return route
}

func (r *reader) gateway(b *hclsyntax.Block) Gateway {
	var g Gateway
	g.Source = r.read(b.Body, b.DefRange(), block{
		what: "gateway",
		settings: map[string]setter{
			"listen": texts(&g.Listen), "socket": text(&g.Socket), "auth": text(&g.Auth), "max_clients": number(&g.MaxClients),
			"login_timeout": period(&g.LoginTimeout), "query_wait": period(&g.QueryWait), "idle_timeout": period(&g.IdleTimeout),
			"idle_in_transaction": period(&g.IdleInTransaction), "drain_timeout": period(&g.DrainTimeout), "max_message": size(&g.MaxMessage),
		},
		nested: map[string]func(*hclsyntax.Block){
			"user": func(b *hclsyntax.Block) {
				name, ok := r.label(b, 1)
				if !ok {
					return
				}
				u := User{Name: name}
				u.Source = r.read(b.Body, b.DefRange(), block{what: fmt.Sprintf("user %q", name),
					settings: map[string]setter{"password": text(&u.Password)}})
				g.Users = append(g.Users, u)
			},
		},
	})
	return g
}
