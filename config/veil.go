package config

import (
	"maps"
	"regexp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// stretch is a part of a file that a message must not show, in bytes.
type stretch struct{ from, to int }

// stretches are those of each file.
type stretches map[string][]stretch

func (s stretches) add(at hcl.Range) {
	s[at.Filename] = append(s[at.Filename], stretch{at.Start.Byte, at.End.Byte})
}

// veil hides what messages do not show of files that can be read: the secrets, and what
// may be one. What may be one is whatever is not the value of a setting that is known and
// is for something else: the values of locals and variables, SQL, what is sent to the
// server, the labels of blocks that are like none, passwords within a string (a URL), and comments.
func veil(bodies []*hclsyntax.Body, files map[string][]byte, secrets stretches) stretches {
	hidden := make(stretches)
	for name, s := range secrets {
		hidden[name] = slices.Clone(s)
	}
	for _, body := range bodies {
		hideBody(body, outlineOfTopology, files, hidden)
	}
	for name, text := range files {
		tokens, _ := hclsyntax.LexConfig(text, name, hcl.InitialPos) // it could be read
		for _, token := range tokens {
			if token.Type == hclsyntax.TokenComment {
				hidden.add(token.Range)
			}
		}
	}
	return hidden
}

func hideBody(body *hclsyntax.Body, o outline, files map[string][]byte, hidden stretches) {
	for name, a := range body.Attributes {
		if o.shows(name) || isPolicy(a.Expr) || mayBeShown(name, a.Expr) {
			hideWithin(a.Expr, files, hidden)
		} else {
			literals(a.Expr, hidden)
		}
	}
	for _, b := range body.Blocks {
		inner, known := o.blocks[nearest(b.Type, slices.Collect(maps.Keys(o.blocks)))]
		if !known {
			for _, label := range b.LabelRanges {
				hidden.add(label)
			}
		}
		hideBody(b.Body, inner, files, hidden)
	}
}

// isPolicy says whether an expression is the name of a reset policy, and not SQL.
func isPolicy(e hclsyntax.Expression) bool {
	return slices.Contains([]Reset{ResetRollback, ResetDiscard, ResetNone}, Reset(literalKey(e)))
}

// hideWithin hides the passwords in the strings of an expression.
func hideWithin(e hclsyntax.Expression, files map[string][]byte, hidden stretches) {
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if l, ok := n.(*hclsyntax.LiteralValueExpr); ok && l.Val.Type() == cty.String {
			at := l.SrcRange
			for _, s := range passwordsIn(string(files[at.Filename][at.Start.Byte:at.End.Byte])) {
				hidden[at.Filename] = append(hidden[at.Filename], stretch{at.Start.Byte + s.from, at.Start.Byte + s.to})
			}
		}
		return nil
	})
}

// withinText are the passwords of a URL, user:password@host, and of name=value.
var withinText = []*regexp.Regexp{
	regexp.MustCompile(`:([^\s"]+)@`),
	regexp.MustCompile(`(?i)(?:passw(?:or)?d|passphrase|pwd|secret|token)\s*=\s*('[^']*'?|[^\s"'&.][^\s"'&]*)`),
}

func passwordsIn(text string) (found []stretch) {
	for _, r := range withinText {
		for _, m := range r.FindAllStringSubmatchIndex(text, -1) {
			found = append(found, stretch{m[2], m[3]})
		}
	}
	return found
}

// withoutPasswords is text in which passwords within are starred.
func withoutPasswords(text string) string {
	found := passwordsIn(text)
	if len(found) == 0 {
		return text
	}
	shown, _ := mask([]byte(text), 0, found, span{})
	return string(shown)
}

// outline is what may stand in a kind of block.
type outline struct {
	settings []string
	blocks   map[string]outline
}

// shows says whether messages show the value of a setting.
func (o outline) shows(setting string) bool {
	return slices.Contains(o.settings, setting) && !slices.Contains(unshown, setting) && !secretName.MatchString(setting)
}

// unshown are the settings of which anything may be a secret: SQL, and what is sent to
// the server.
var unshown = []string{"runtime", "on_connect", "on_checkout", "on_checkin", "before_close", "reset"}

// outlineOfTopology is what may stand in a file.
var outlineOfTopology = outline{blocks: map[string]outline{
	"node": {settings: namesOf(nodeSettings), blocks: map[string]outline{
		"tls": {settings: namesOf(tlsSettings)}, "breaker": {settings: namesOf(breakerSettings)}}},
	"pool": {settings: namesOf(poolSettings), blocks: map[string]outline{
		"sizing": {settings: namesOf(sizingSettings)}, "retry": {settings: namesOf(retrySettings)}, "hooks": {settings: namesOf(hookSettings)}}},
	"route": {settings: namesOf(routeSettings)},
	"gateway": {settings: namesOf(gatewaySettings), blocks: map[string]outline{
		"user": {settings: namesOf(userSettings)}}},
	"log":      {settings: namesOf(logSettings)},
	"variable": {settings: []string{"type", "description", "sensitive"}},
	"locals":   {},
}}

func namesOf[T any](settings []setting[T]) []string {
	names := make([]string, len(settings))
	for i, s := range settings {
		names[i] = s.name
	}
	return names
}

// allNames are the settings and the blocks, wherever they may stand; plainNames, those of
// them that are shown.
var allNames, plainNames = func() (all, plain []string) {
	all, plain = slices.Clone(blockNames), slices.Clone(blockNames)
	for _, block := range blockNames {
		o := outlineOf(block)
		all = append(all, o.settings...)
		plain = append(plain, slices.DeleteFunc(slices.Clone(o.settings), func(s string) bool { return !o.shows(s) })...)
	}
	return append(all, "default"), plain
}()
