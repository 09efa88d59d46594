package config

import (
	"reflect"
	"slices"
)

// Row is a setting as the documentation should have it.
type Row struct {
	Name    string
	Default string // as a file would have it, "" if it is the zero value
	Reload  Reload // "" if a block has none
}

// Schema is every setting by its block.
func Schema() map[string][]Row {
	t := Topology{Nodes: []Node{{}}, Pools: []Pool{{}}, Routes: []Route{{}}}.Complete()
	schema := map[string][]Row{
		"node": rows(nodeSettings, t.Nodes[0]), "tls": rows(tlsSettings, t.Nodes[0].TLS),
		"pool": rows(poolSettings, t.Pools[0]), "hooks": rows(hookSettings, t.Pools[0].Hooks),
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
				row.Default = "[" + show(v.Index(0).Interface()) + "]"
			case v.Type() != reflect.TypeFor[bytesSize]() && slices.Contains([]reflect.Kind{reflect.Bool, reflect.Int, reflect.Uint16}, v.Kind()):
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
