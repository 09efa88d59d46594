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
	within := r.within(fmt.Sprintf("node %q", name))
	n.Source = r.read(b.Body, b.DefRange(), block{
		what:     within.what,
		settings: settingsOf(&n, nodeSettings),
		nested: map[string]func(*hclsyntax.Block){
			"tls":     part(within, &n.TLS, tlsSettings),
			"breaker": part(within, &n.Breaker, breakerSettings),
		},
	})
	within.addTo(n.Source)
	_, host := n.Source.settings["host"]
	if socket, ok := b.Body.Attributes["socket"]; ok && host {
		r.addAt(socket.NameRange, fmt.Sprintf("node %q has a host and a socket", name), "keep one of them")
	}
	return n
}

func (r *reader) pool(name string, b *hclsyntax.Block) Pool {
	p := Pool{Name: name}
	within := r.within(fmt.Sprintf("pool %q", name))
	p.Source = r.read(b.Body, b.DefRange(), block{
		what:     within.what,
		required: []string{"node"},
		settings: settingsOf(&p, poolSettings),
		nested: map[string]func(*hclsyntax.Block){
			"sizing": part(within, &p.Sizing, sizingSettings),
			"retry":  part(within, &p.Retry, retrySettings),
			"hooks":  part(within, &p.Hooks, hookSettings),
		},
	})
	within.addTo(p.Source)
	_, sized := p.Source.settings["size"]
	_, overflows := p.Source.settings["max_overflow"]
	p.applyProfile(sized, overflows)
	return p
}

// within reads the blocks that stand in another, once each.
type within struct {
	*reader
	what    string // the outer block, as an error names it
	seen    map[string]hcl.Range
	sources map[string]Source
}

func (r *reader) within(what string) within {
	return within{r, what, make(map[string]hcl.Range), make(map[string]Source)}
}

// part decodes one of them.
func part[T any](w within, to *T, settings []setting[T]) func(*hclsyntax.Block) {
	return func(b *hclsyntax.Block) {
		if w.once(b, w.seen) {
			w.sources[b.Type] = w.read(b.Body, b.DefRange(), block{what: b.Type + " of " + w.what, settings: settingsOf(to, settings)})
		}
	}
}

// addTo tells the source of the outer block where their settings are.
func (w within) addTo(outer Source) {
	for name, s := range w.sources {
		outer.include(name, s)
	}
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
