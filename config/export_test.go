package config

import (
	"reflect"
	"slices"
	"strings"
)

// Row is a setting as the documentation should have it.
type Row struct {
	Name    string
	Default string // as a file would have it, "" if it is the zero value
	Reload  Reload // "" if a block has none
}

// Schema is every setting by its block. Of a block that is off by default the
// defaults are those that it has when it is on.
func Schema() map[string][]Row {
	t := Topology{Nodes: []Node{{}}, Pools: []Pool{{}}, Routes: []Route{{}}}.Complete()
	n, p := t.Nodes[0], t.Pools[0]
	schema := map[string][]Row{
		"node": rows(nodeSettings, n), "tls": rows(tlsSettings, n.TLS), "breaker": rows(breakerSettings, n.Breaker.complete()),
		"pool": rows(poolSettings, p), "hooks": rows(hookSettings, p.Hooks),
		"sizing": rows(sizingSettings, p.Sizing.complete()), "retry": rows(retrySettings, p.Retry.complete()),
		"route": rows(routeSettings, t.Routes[0]), "gateway": rows(gatewaySettings, t.Gateway),
		"user": rows(userSettings, User{}), "log": rows(logSettings, t.Log),
	}
	for _, name := range variableSettings {
		schema["variable"] = append(schema["variable"], Row{Name: name})
	}
	return schema
}

func rows[T any](table []setting[T], completed T) []Row {
	var out []Row
	for _, s := range table {
		row := Row{Name: s.name, Reload: s.reload}
		if get := s.of(&completed).get; get != nil {
			switch v := reflect.ValueOf(get()); {
			case v.Kind() == reflect.Slice && v.Len() > 0:
				var items []string
				for i := range v.Len() {
					items = append(items, show(v.Index(i).Interface()))
				}
				row.Default = "[" + strings.Join(items, ", ") + "]"
			case v.Type() != reflect.TypeFor[bytesSize]() && slices.Contains([]reflect.Kind{reflect.Bool, reflect.Int, reflect.Uint16, reflect.Float64}, v.Kind()):
				row.Default = show(get())
			case !v.IsZero() && v.Kind() == reflect.Int64 || v.Type() == reflect.TypeFor[bytesSize]():
				row.Default = `"` + show(get()) + `"`
			case !v.IsZero():
				row.Default = show(get())
			}
		}
		out = append(out, row)
	}
	return out
}

// Functions are the names of all functions of a file.
func Functions() []string {
	var names []string
	for name := range (&reader{}).functions() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Profiles is the sizing table: size, overflow and lifetime by name.
func Profiles() map[string][3]string {
	table := make(map[string][3]string)
	for name, p := range profiles {
		table[string(name)] = [3]string{show(p.size), show(p.overflow), show(p.lifetime)}
	}
	return table
}
