package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// sensitive marks a value that no message may show. Marks go with a value
// through functions, templates and locals.
const sensitive = "sensitive"

// open makes what expressions can refer to: functions, var, local, db, node and pool.
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
				if name, ok := r.label(b, 1); ok && r.unique("variable", name, b.DefRange(), declared) {
					variables[name] = r.variable(name, b)
				}
			case "locals":
				if _, ok := r.label(b, 0); !ok {
					continue
				}
				for _, inner := range b.Body.Blocks {
					r.addAt(inner.TypeRange, fmt.Sprintf("locals has no block %q", inner.Type), fmt.Sprintf("write %s = { ... }", inner.Type))
				}
				for _, name := range slices.Sorted(maps.Keys(b.Body.Attributes)) {
					if a := b.Body.Attributes[name]; r.unique("local", name, a.NameRange, declared) {
						locals[name] = a
					}
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.given)) {
		if _, known := variables[name]; !known {
			r.add(Problem{What: fmt.Sprintf("there is no variable %q to set", name),
				Advice: didYouMean(name, slices.Collect(maps.Keys(variables)))})
		}
	}
	r.scope.Variables["var"] = cty.ObjectVal(variables)
	r.scope.Variables["db"] = r.settings()
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

// evaluate works an expression out, and says what names in it are wrong.
// It returns false if there is no value, which has been complained about then.
func (r *reader) evaluate(e hclsyntax.Expression) (cty.Value, bool) {
	good := true
	for _, t := range e.Variables() {
		root, known := r.scope.Variables[t.RootName()]
		if !known {
			advice := "strings are quoted; names begin with var., local., db., node. or pool."
			if len(r.scope.Variables) == 0 {
				advice = "a variable can't refer to anything; a local can"
			}
			what := fmt.Sprintf("there is nothing called %q", t.RootName())
			if overlaps(e, r.hidden) {
				what = "a name in this is not known"
			}
			r.addAt(t.SourceRange(), what, advice)
			good = false
			continue
		}
		if name, ok := stepName(t); ok && !root.Type().HasAttribute(name) {
			r.addAt(t.SourceRange(), fmt.Sprintf("there is no %s %q", kindOf(t.RootName()), name),
				didYouMean(name, slices.Collect(maps.Keys(root.Type().AttributeTypes()))))
			good = false
		} else if ok && t.RootName() == "db" {
			good = r.checkSetting(name, t.SourceRange()) && good
		}
	}
	if !good {
		return cty.DynamicVal, false
	}
	v, diagnostics := e.Value(r.scope)
	if diagnostics.HasErrors() {
		r.diagnose(diagnostics, r.touchesSecret(e) || overlaps(e, r.hidden))
		return cty.DynamicVal, false
	}
	if r.holdsSecret(e) {
		v = v.Mark(sensitive)
	}
	return v, v.IsWhollyKnown()
}

// stepName is x of var.x and of var["x"].
func stepName(t hcl.Traversal) (string, bool) {
	if len(t) < 2 {
		return "", false
	}
	switch step := t[1].(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
			return step.Key.AsString(), true
		}
	}
	return "", false
}

// touchesSecret says whether a secret takes part in an expression: one written
// in it, what env and file return, or a value that is marked.
func (r *reader) touchesSecret(e hclsyntax.Expression) bool {
	if r.holdsSecret(e) {
		return true
	}
	for _, t := range e.Variables() {
		if v, diagnostics := t.TraverseAbs(r.scope); diagnostics.HasErrors() || v.ContainsMarked() {
			return true
		}
	}
	found := false
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && (call.Name == "env" || call.Name == "file") {
			found = true
		}
		return nil
	})
	return found
}

// holdsSecret says whether a secret is written in an expression.
func (r *reader) holdsSecret(e hclsyntax.Expression) bool { return overlaps(e, r.secrets) }

// overlaps says whether one of the stretches is in an expression.
func overlaps(e hclsyntax.Expression, found stretches) bool {
	at := e.Range()
	for _, s := range found[at.Filename] {
		if s.from < at.End.Byte && s.to > at.Start.Byte {
			return true
		}
	}
	return false
}

func kindOf(root string) string {
	switch root {
	case "var":
		return "variable"
	case "db":
		return "setting of db"
	}
	return root
}
