package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// locals are worked out in whatever order they refer to each other, and are in
// scope then.
func (r *reader) locals(waiting map[string]*hclsyntax.Attribute) {
	known := make(map[string]cty.Value)
	for len(waiting) > 0 {
		var ready []string
		for _, name := range slices.Sorted(maps.Keys(waiting)) {
			if !refersTo(waiting[name].Expr, waiting) {
				ready = append(ready, name)
			}
		}
		r.scope.Variables["local"] = cty.ObjectVal(known)
		for _, name := range ready {
			value, ok := r.evaluate(waiting[name].Expr)
			if !ok {
				value = cty.DynamicVal // complained about
			}
			known[name] = value
			delete(waiting, name)
		}
		if len(ready) == 0 {
			r.circular(waiting, known)
			break
		}
	}
	r.scope.Variables["local"] = cty.ObjectVal(known)
}

// circular complains of locals that can't be worked out.
func (r *reader) circular(waiting map[string]*hclsyntax.Attribute, known map[string]cty.Value) {
	for _, name := range slices.Sorted(maps.Keys(waiting)) {
		r.addAt(waiting[name].NameRange, fmt.Sprintf("local %q refers to itself, by way of others or directly", name),
			"write one of them without the others")
		known[name] = cty.DynamicVal
	}
}

// refersTo says whether an expression needs a local that is not worked out yet.
// One that wants all of them, as keys(local), needs each, itself included.
func refersTo(e hclsyntax.Expression, waiting map[string]*hclsyntax.Attribute) bool {
	for _, t := range e.Variables() {
		if t.RootName() != "local" {
			continue
		}
		name, ok := stepName(t)
		if _, waits := waiting[name]; waits || !ok {
			return true
		}
	}
	return false
}
