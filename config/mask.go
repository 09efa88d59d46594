package config

import (
	"bytes"
	"regexp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// stretch is a part of a file that holds a secret, in bytes.
type stretch struct{ from, to int }

// secretName is a setting, local or variable that by its name holds a secret.
var secretName = regexp.MustCompile(`(?i)passw(or)?d|passphrase|secret|token|credential`)

// secretStretches finds the secrets that are written in a file itself: the
// literals of passwords, and of the variables and locals that passwords are made
// of, and the defaults of sensitive variables. What env() and file() are given is
// shown: it says where the secret is, and is not it.
func secretStretches(bodies []*hclsyntax.Body) map[string][]stretch {
	feeds := make(map[string]bool) // var.x and local.y that secrets are made of
	var found map[string][]stretch
	for before := -1; before < len(feeds); { // until no more turn up
		before = len(feeds)
		found = make(map[string][]stretch)
		for _, body := range bodies {
			walkSecrets(body, "", feeds, func(e hclsyntax.Expression) {
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
func walkSecrets(body *hclsyntax.Body, within string, feeds map[string]bool, secret func(hclsyntax.Expression)) {
	for name, a := range body.Attributes {
		if secretName.MatchString(name) || within == "sensitive" && name == "default" || within == "local" && feeds["local."+name] {
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
			_, marked := b.Body.Attributes["sensitive"] // whatever it says: a mistake there must not show the default
			if marked || secretName.MatchString(b.Labels[0]) || feeds["var."+b.Labels[0]] {
				inner = "sensitive"
			}
		}
		walkSecrets(b.Body, inner, feeds, secret)
	}
}

func literalKey(e hclsyntax.Expression) string {
	v, diagnostics := e.Value(nil)
	if diagnostics.HasErrors() || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// literals adds where the literals of an expression are.
func literals(e hclsyntax.Expression, found map[string][]stretch) {
	shown := make(map[hclsyntax.Node]bool)
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			if (n.Name == "env" || n.Name == "file") && len(n.Args) > 0 {
				_ = hclsyntax.VisitAll(n.Args[0], func(inner hclsyntax.Node) hcl.Diagnostics {
					shown[inner] = true
					return nil
				})
			}
		case *hclsyntax.LiteralValueExpr:
			at := n.SrcRange
			if !shown[n] && at.End.Byte > at.Start.Byte && n.Val.Type() != cty.Bool && !n.Val.IsNull() {
				found[at.Filename] = append(found[at.Filename], stretch{at.Start.Byte, at.End.Byte})
			}
		}
		return nil
	})
}

var (
	secretLine = regexp.MustCompile(`(?i)(passw(or)?d|passphrase|secret|token|credential|default)[^=\n]*=\s*`)
	whereabout = regexp.MustCompile(`^(env|file)\("[A-Za-z0-9_./-]*"\)\s*(#[^\n]*|//[^\n]*)?$`)
	newSetting = regexp.MustCompile(`^\s*([A-Za-z_][\w-]*\s*=\s*[^=\s]|[A-Za-z_][\w-]*(\s*"[^"]*")*\s*\{|[}\]]\s*$|#|//|$)`)
)

// brokenStretches is [secretStretches] of a file that is no HCL, which can be
// known by its lines only: what follows the = of a secret is one, up to the next
// line that begins something else.
func brokenStretches(text []byte) []stretch {
	var found []stretch
	within := false
	for at := 0; at < len(text); {
		_, end := lineBounds(text, at)
		line := bytes.TrimRight(text[at:end], "\r")
		switch m := secretLine.FindIndex(line); {
		case m != nil:
			within = true
			if !whereabout.Match(line[m[1]:]) {
				found = append(found, stretch{at + m[1], at + len(line)})
			}
		case within && !newSetting.Match(line):
			found = append(found, stretch{at, at + len(line)})
		default:
			within = false
		}
		at = end + 1
	}
	return found
}

// mask stars the secrets in a line, which begins at byte begin of its file, and
// moves a span of the line along with what is before it.
func mask(line []byte, begin int, secrets []stretch, at span) ([]byte, span) {
	secrets = slices.Clone(secrets)
	slices.SortFunc(secrets, func(a, b stretch) int { return a.from - b.from })
	var out []byte
	moved, done := span{line: at.line, from: -1, to: -1}, 0
	copyTo := func(end int) { // what is shown as it is
		if at.from >= done && at.from < end {
			moved.from = len(out) + at.from - done
		}
		if at.to > done && at.to <= end {
			moved.to = len(out) + at.to - done
		}
		out = append(out, line[done:end]...)
		done = end
	}
	for _, s := range secrets {
		from, to := max(s.from-begin, done), min(s.to-begin, len(line))
		if from >= to {
			continue
		}
		copyTo(from)
		if at.from >= from && at.from < to {
			moved.from = len(out)
		}
		out = append(out, masked...)
		if at.to > from && at.to <= to {
			moved.to = len(out)
		}
		done = to
	}
	copyTo(len(line))
	if moved.from < 0 || moved.to < 0 {
		moved.from, moved.to = 0, 0
	}
	return out, moved
}
