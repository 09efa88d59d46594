package config

import (
	"regexp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// secretName is a setting, local or variable that by its name holds a secret.
var secretName = regexp.MustCompile(`(?i)passw(or)?d|passphrase|pwd|pgpass|secret|token|credential|api_?key`)

// secretStretches finds the secrets that are written in a file itself: the
// literals of passwords and of settings that are not known, which may be a
// password's with a slip in its name; of the variables and locals that these are made
// of, and the defaults of sensitive variables. What env() and file() are given is
// shown: it says where the secret is, and is not it.
func secretStretches(bodies []*hclsyntax.Body) stretches {
	feeds := make(map[string]bool) // var.x and local.y that secrets are made of
	var found stretches
	for before := -1; before < len(feeds); { // until no more turn up
		before = len(feeds)
		found = make(stretches)
		for _, body := range bodies {
			walkSecrets(body, "", outlineOfTopology, feeds, func(e hclsyntax.Expression) {
				for _, t := range e.Variables() {
					if step, ok := stepName(t); ok {
						feeds[t.RootName()+"."+step] = true
					}
				}
				literals(e, found)
			})
		}
	}
	return found
}

// walkSecrets calls secret with each expression that makes one. within is the
// kind and name of a variable block, or "local".
func walkSecrets(body *hclsyntax.Body, within string, o outline, feeds map[string]bool, secret func(hclsyntax.Expression)) {
	for name, a := range body.Attributes {
		known := slices.Contains(o.settings, name) || within == "local" || within != "" && name == "default" || mayBeShown(name, a.Expr)
		if !known || secretName.MatchString(name) || within == "sensitive" && name == "default" || within == "local" && feeds["local."+name] {
			secret(a.Expr)
			continue
		}
		_ = hclsyntax.VisitAll(a.Expr, func(n hclsyntax.Node) hcl.Diagnostics {
			if o, ok := n.(*hclsyntax.ObjectConsExpr); ok {
				for _, item := range o.Items {
					if key := hcl.ExprAsKeyword(item.KeyExpr); secretName.MatchString(key) || secretName.MatchString(literalKey(item.KeyExpr)) {
						secret(item.ValueExpr)
					}
				}
			}
			return nil
		})
	}
	for _, b := range body.Blocks {
		inner := ""
		switch {
		case b.Type == "locals":
			inner = "local"
		case b.Type == "variable" && len(b.Labels) == 1:
			inner = "variable"
			_, marked := b.Body.Attributes["sensitive"] // whatever it says: a mistake there must not show the default
			if marked || secretName.MatchString(b.Labels[0]) || feeds["var."+b.Labels[0]] {
				inner = "sensitive"
			}
		}
		walkSecrets(b.Body, inner, o.blocks[b.Type], feeds, secret)
	}
}

// mayBeShown says whether a setting that does not belong where it is may be shown all the
// same: it has the name that another pooler gives it, or is a number and like a setting
// or block of ours.
func mayBeShown(name string, e hclsyntax.Expression) bool {
	if _, other := elsewhere[name]; other {
		return true
	}
	l, ok := e.(*hclsyntax.LiteralValueExpr)
	return ok && l.Val.Type() == cty.Number && nearest(name, plainNames) != ""
}

func literalKey(e hclsyntax.Expression) string {
	v, diagnostics := e.Value(nil)
	if diagnostics.HasErrors() || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// literals adds where the literals of an expression are, and the names that nothing has:
// a string that lacks its quotes looks like one.
func literals(e hclsyntax.Expression, found stretches) {
	for _, t := range e.Variables() {
		if !slices.Contains(roots, t.RootName()) {
			found.add(t.SourceRange())
		}
	}
	shown := make(map[hclsyntax.Node]bool)
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			if nearest(n.Name, functionNames) == "" {
				found.add(n.NameRange)
			}
			if (n.Name == "env" || n.Name == "file") && len(n.Args) > 0 {
				_ = hclsyntax.VisitAll(n.Args[0], func(inner hclsyntax.Node) hcl.Diagnostics {
					shown[inner] = true
					return nil
				})
			}
		case *hclsyntax.RelativeTraversalExpr:
			indices(n.Traversal, found)
		case *hclsyntax.ScopeTraversalExpr:
			if len(n.Traversal) > 2 {
				indices(n.Traversal[2:], found) // var["x"] is a name
			}
		case *hclsyntax.LiteralValueExpr:
			at := n.SrcRange
			if !shown[n] && at.End.Byte > at.Start.Byte && n.Val.Type() != cty.Bool && !n.Val.IsNull() {
				found.add(at)
			}
		}
		return nil
	})
}

// roots are what the names in expressions begin with.
var roots = []string{"var", "local", "db", "node", "pool"}

// indices adds the names that are looked up in something.
func indices(t hcl.Traversal, found stretches) {
	for _, step := range t {
		switch step := step.(type) {
		case hcl.TraverseIndex:
			if step.Key.Type() == cty.String {
				found.add(step.SrcRange)
			}
		case hcl.TraverseAttr:
			found.add(step.SrcRange)
		}
	}
}
