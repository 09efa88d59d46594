package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// sensitive marks a value that no message may show.
const sensitive = "sensitive"

// open makes what expressions can refer to: functions, var, local, node and pool.
func (r *reader) open(bodies []*hclsyntax.Body) {
	r.scope = &hcl.EvalContext{Functions: r.functions(), Variables: map[string]cty.Value{}}
	names := map[string]map[string]cty.Value{"node": {}, "pool": {}}
	variables := make(map[string]cty.Value)
	locals := make(map[string]*hclsyntax.Attribute)
	declared := make(map[string]hcl.Range)
	for _, body := range bodies {
		for _, b := range body.Blocks {
			switch b.Type {
			case "node", "pool":
				if len(b.Labels) == 1 {
					names[b.Type][b.Labels[0]] = cty.StringVal(b.Labels[0])
				}
			case "variable":
				if name, ok := r.label(b, 1); ok {
					if r.unique("variable", name, b.DefRange(), declared) {
						variables[name] = r.variable(name, b)
					}
				}
			case "locals":
				for name, a := range b.Body.Attributes {
					if r.unique("local", name, a.NameRange, declared) {
						locals[name] = a
					}
				}
			}
		}
	}
	for name := range r.given {
		if _, known := variables[name]; !known {
			r.add(Problem{What: fmt.Sprintf("there is no variable %q to set", name),
				Advice: didYouMean(name, slices.Collect(maps.Keys(variables)))})
		}
	}
	r.scope.Variables["var"] = cty.ObjectVal(variables)
	r.scope.Variables["node"] = cty.ObjectVal(names["node"])
	r.scope.Variables["pool"] = cty.ObjectVal(names["pool"])
	r.locals(locals)
}

func (r *reader) unique(kind, name string, at hcl.Range, declared map[string]hcl.Range) bool {
	if first, twice := declared[kind+"."+name]; twice {
		r.addAt(at, fmt.Sprintf("%s %q is declared twice", kind, name), fmt.Sprintf("the first is at %s:%d", first.Filename, first.Start.Line))
		return false
	}
	declared[kind+"."+name] = at
	return true
}

// variable finds a variable's value: given by the caller, in the environment as
// UNOACTOR_VAR_<name>, or its default.
func (r *reader) variable(name string, b *hclsyntax.Block) cty.Value {
	var secret bool
	var description string
	want, value := cty.DynamicPseudoType, cty.NilVal
	body := *b.Body
	body.Attributes = maps.Clone(b.Body.Attributes)
	if a, ok := body.Attributes["type"]; ok {
		t, diagnostics := typeexpr.TypeConstraint(a.Expr)
		if diagnostics.HasErrors() {
			r.addAt(a.Expr.Range(), fmt.Sprintf("variable %q has no type like that", name),
				"write string, number, bool, list(string) or map(string)")
		} else {
			want = t
		}
		delete(body.Attributes, "type")
	}
	r.read(&body, b.DefRange(), block{what: fmt.Sprintf("variable %q", name), settings: map[string]setter{
		"default":     func(v cty.Value) error { value = v; return nil },
		"description": text(&description), "sensitive": truth(&secret), "type": nil,
	}})
	if s, ok := r.given[name]; ok {
		value = cty.StringVal(s)
	} else if s, ok := r.environ("UNOACTOR_VAR_" + name); ok {
		value = cty.StringVal(s)
	}
	if value == cty.NilVal {
		r.addAt(b.DefRange(), fmt.Sprintf("variable %q has no value", name),
			fmt.Sprintf("set it with --var %s=..., or UNOACTOR_VAR_%s in the environment, or give it a default", name, name))
		return cty.DynamicVal
	}
	converted, err := convert.Convert(value, want)
	if err != nil {
		r.addAt(b.DefRange(), fmt.Sprintf("the value of variable %q is no %s", name, want.FriendlyName()), "")
		return cty.DynamicVal
	}
	if secret {
		converted = converted.Mark(sensitive)
	}
	return converted
}

// locals are worked out in whatever order they refer to each other.
func (r *reader) locals(waiting map[string]*hclsyntax.Attribute) {
	known := make(map[string]cty.Value)
	for len(waiting) > 0 {
		progress := false
		for _, name := range slices.Sorted(maps.Keys(waiting)) {
			if refersTo(waiting[name].Expr, waiting) {
				continue
			}
			r.scope.Variables["local"] = cty.ObjectVal(known)
			value, ok := r.evaluate(waiting[name].Expr)
			if !ok {
				value = cty.DynamicVal
			}
			known[name] = value
			delete(waiting, name)
			progress = true
		}
		if !progress {
			for _, name := range slices.Sorted(maps.Keys(waiting)) {
				r.addAt(waiting[name].NameRange, fmt.Sprintf("local %q refers to itself, by way of others or directly", name), "")
				known[name] = cty.DynamicVal
			}
			break
		}
	}
	r.scope.Variables["local"] = cty.ObjectVal(known)
}

// refersTo says whether an expression needs a local that is not worked out yet.
func refersTo(e hclsyntax.Expression, waiting map[string]*hclsyntax.Attribute) bool {
	for _, t := range e.Variables() {
		if t.RootName() == "local" && len(t) > 1 {
			if step, ok := t[1].(hcl.TraverseAttr); ok {
				if _, waits := waiting[step.Name]; waits {
					return true
				}
			}
		}
	}
	return false
}

// evaluate works an expression out, and says what names in it are wrong.
func (r *reader) evaluate(e hclsyntax.Expression) (cty.Value, bool) {
	good := true
	for _, t := range e.Variables() {
		root, known := r.scope.Variables[t.RootName()]
		if !known {
			if r.inner(e, t) {
				continue
			}
			r.addAt(t.SourceRange(), fmt.Sprintf("there is nothing called %q", t.RootName()),
				"strings are quoted; names begin with var., local., node. or pool.")
			good = false
			continue
		}
		if len(t) < 2 {
			continue
		}
		step, ok := t[1].(hcl.TraverseAttr)
		if ok && root.Type().IsObjectType() && !root.Type().HasAttribute(step.Name) {
			r.addAt(t.SourceRange(), fmt.Sprintf("there is no %s %q", kindOf(t.RootName()), step.Name),
				didYouMean(step.Name, slices.Collect(maps.Keys(root.Type().AttributeTypes()))))
			good = false
		}
	}
	if !good {
		return cty.DynamicVal, false
	}
	v, diagnostics := e.Value(r.scope)
	if diagnostics.HasErrors() {
		r.diagnose(diagnostics)
		return cty.DynamicVal, false
	}
	return v, v.IsWhollyKnown()
}

// inner says whether a name is one that the expression itself makes, as a for does.
func (r *reader) inner(e hclsyntax.Expression, _ hcl.Traversal) bool {
	found := false
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if _, ok := n.(*hclsyntax.ForExpr); ok {
			found = true
		}
		return nil
	})
	return found
}

func kindOf(root string) string {
	if root == "var" {
		return "variable"
	}
	return root
}
