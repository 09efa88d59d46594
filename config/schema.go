package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// topology decodes the blocks of all files: which block may stand where. What a
// block may set is in the tables of settings.go.
func (r *reader) topology(bodies []*hclsyntax.Body) Topology {
	r.open(bodies)
	var t Topology
	seen := make(map[string]hcl.Range)
	named := func(decode func(name string, b *hclsyntax.Block)) func(*hclsyntax.Block) {
		return func(b *hclsyntax.Block) {
			if name, ok := r.label(b, 1); ok {
				decode(name, b)
			}
		}
	}
	file := block{what: "a topology", nested: map[string]func(*hclsyntax.Block){
		"variable": func(*hclsyntax.Block) {}, // read before
		"locals":   func(*hclsyntax.Block) {},
		"node":     named(func(name string, b *hclsyntax.Block) { t.Nodes = append(t.Nodes, r.node(name, b)) }),
		"pool":     named(func(name string, b *hclsyntax.Block) { t.Pools = append(t.Pools, r.pool(name, b)) }),
		"route":    named(func(name string, b *hclsyntax.Block) { t.Routes = append(t.Routes, r.route(name, b)) }),
		"gateway": func(b *hclsyntax.Block) {
			if r.once(b, seen) {
				t.Gateway = r.gateway(b, named)
			}
		},
		"log": func(b *hclsyntax.Block) {
			if r.once(b, seen) {
				t.Log.Source = r.read(b.Body, b.DefRange(), block{what: "log", settings: settingsOf(&t.Log, logSettings)})
			}
		},
	}}
	for _, body := range bodies {
		r.read(body, hcl.Range{Filename: body.SrcRange.Filename}, file)
	}
	return t
}

func (r *reader) node(name string, b *hclsyntax.Block) Node {
	n := Node{Name: name}
	var tls Source
	seen := make(map[string]hcl.Range)
	n.Source = r.read(b.Body, b.DefRange(), block{
		what:     fmt.Sprintf("node %q", name),
		settings: settingsOf(&n, nodeSettings),
		nested: map[string]func(*hclsyntax.Block){"tls": func(b *hclsyntax.Block) {
			if r.once(b, seen) {
				tls = r.read(b.Body, b.DefRange(), block{what: fmt.Sprintf("tls of node %q", name), settings: settingsOf(&n.TLS, tlsSettings)})
			}
		}},
	})
	n.Source.include("tls", tls)
	_, host := n.Source.settings["host"]
	if socket, ok := b.Body.Attributes["socket"]; ok && host {
		r.addAt(socket.NameRange, fmt.Sprintf("node %q has a host and a socket", name), "keep one of them")
	}
	return n
}

func (r *reader) pool(name string, b *hclsyntax.Block) Pool {
	p := Pool{Name: name}
	var hooks Source
	seen := make(map[string]hcl.Range)
	p.Source = r.read(b.Body, b.DefRange(), block{
		what:     fmt.Sprintf("pool %q", name),
		required: []string{"node"},
		settings: settingsOf(&p, poolSettings),
		nested: map[string]func(*hclsyntax.Block){"hooks": func(b *hclsyntax.Block) {
			if r.once(b, seen) {
				hooks = r.read(b.Body, b.DefRange(), block{what: fmt.Sprintf("hooks of pool %q", name), settings: settingsOf(&p.Hooks, hookSettings)})
			}
		}},
	})
	p.Source.include("hooks", hooks)
	_, sized := p.Source.settings["size"]
	_, overflows := p.Source.settings["max_overflow"]
	p.applyProfile(sized, overflows)
	return p
}

func (r *reader) route(name string, b *hclsyntax.Block) Route {
	route := Route{Name: name}
	route.Source = r.read(b.Body, b.DefRange(), block{
		what:     fmt.Sprintf("route %q", name),
		required: []string{"pool"},
		settings: settingsOf(&route, routeSettings),
	})
	return route
}

func (r *reader) gateway(b *hclsyntax.Block, named func(func(string, *hclsyntax.Block)) func(*hclsyntax.Block)) Gateway {
	var g Gateway
	g.Source = r.read(b.Body, b.DefRange(), block{
		what:     "gateway",
		settings: settingsOf(&g, gatewaySettings),
		nested: map[string]func(*hclsyntax.Block){"user": named(func(name string, b *hclsyntax.Block) {
			u := User{Name: name}
			u.Source = r.read(b.Body, b.DefRange(), block{what: fmt.Sprintf("user %q", name), settings: settingsOf(&u, userSettings)})
			g.Users = append(g.Users, u)
		})},
	})
	return g
}
