package config

import (
	"maps"
	"slices"
)

// Clone is a copy of the topology that shares nothing with it which can be changed.
func (t Topology) Clone() Topology {
	t.Nodes = slices.Clone(t.Nodes)
	for i := range t.Nodes {
		n := &t.Nodes[i]
		n.Labels = maps.Clone(n.Labels)
	}
	t.Pools = slices.Clone(t.Pools)
	for i := range t.Pools {
		p := &t.Pools[i]
		p.Runtime, p.Labels = maps.Clone(p.Runtime), maps.Clone(p.Labels)
		p.Retry.RetryableErrors = slices.Clone(p.Retry.RetryableErrors)
		h := &p.Hooks
		h.OnConnect, h.OnCheckout, h.OnCheckin, h.BeforeClose = slices.Clone(h.OnConnect), slices.Clone(h.OnCheckout), slices.Clone(h.OnCheckin), slices.Clone(h.BeforeClose)
	}
	t.Routes = slices.Clone(t.Routes)
	for i := range t.Routes {
		r := &t.Routes[i]
		r.Labels = maps.Clone(r.Labels)
	}
	t.Gateway.Listen, t.Gateway.Users = slices.Clone(t.Gateway.Listen), slices.Clone(t.Gateway.Users)
	return t
}
