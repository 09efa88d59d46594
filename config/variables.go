package config

import (
	"fmt"
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// variableSettings are what a variable block may set, for errors and documentation.
var variableSettings = []string{"type", "default", "description", "sensitive"}

// variablePrefix, and a variable's name after it, is where the environment sets one.
const variablePrefix = "UNOACTOR_VAR_"

// variable finds a variable's value: given by the caller, in the environment as
// UNOACTOR_VAR_<name>, or its default. It is unknown if there is none, which has
// been complained about then.
func (r *reader) variable(name string, b *hclsyntax.Block) cty.Value {
	var secret bool
	var description string
	byDefault := cty.NilVal
	body := *b.Body
	body.Attributes = maps.Clone(b.Body.Attributes)
	want := r.variableType(name, body.Attributes["type"])
	delete(body.Attributes, "type") // a type is no expression
	r.read(&body, b.DefRange(), block{what: fmt.Sprintf("variable %q", name), settings: map[string]field{
		"default":     {set: func(v cty.Value) error { byDefault = v; return nil }},
		"description": text(&description), "sensitive": truth(&secret), "type": {},
	}})
	value, where := byDefault, b.DefRange()
	if a, ok := b.Body.Attributes["default"]; ok {
		where = a.Expr.Range()
		secret = secret || r.touchesSecret(a.Expr)
		if byDefault == cty.NilVal { // null, or complained about
			value = cty.DynamicVal
			if v, _ := a.Expr.Value(r.scope); v.IsNull() {
				value = cty.NullVal(want)
			}
		}
	}
	secret = secret || secretName.MatchString(name)
	if s, ok := r.given[name]; ok {
		value, where = fromText(s, want), b.DefRange()
	} else if s, ok := r.environ(variablePrefix + name); ok {
		value, where = fromText(s, want), b.DefRange()
	}
	if value == cty.NilVal {
		r.addAt(b.DefRange(), fmt.Sprintf("variable %q has no value", name),
			fmt.Sprintf("set it with --var %s=..., or %s%s in the environment, or give it a default", name, variablePrefix, name))
		return cty.DynamicVal
	}
	converted, err := convert.Convert(value, want)
	if err != nil {
		r.addAt(where, fmt.Sprintf("the value of variable %q is no %s", name, want.FriendlyName()), "")
		return cty.DynamicVal
	}
	if secret {
		converted = converted.Mark(sensitive)
	}
	return converted
}

func (r *reader) variableType(name string, a *hclsyntax.Attribute) cty.Type {
	if a == nil {
		return cty.DynamicPseudoType
	}
	t, diagnostics := typeexpr.TypeConstraint(a.Expr)
	if diagnostics.HasErrors() {
		r.addAt(a.Expr.Range(), fmt.Sprintf("variable %q has no type like that", name),
			"write string, number, bool, list(string) or map(string)")
		return cty.DynamicPseudoType
	}
	return t
}

// fromText is the value of a variable given from outside. Where a list, a map or
// the like is wanted it is written as in a file: ["a", "b"].
func fromText(s string, want cty.Type) cty.Value {
	if want.IsPrimitiveType() || want == cty.DynamicPseudoType {
		return cty.StringVal(s)
	}
	e, diagnostics := hclsyntax.ParseExpression([]byte(s), "", hcl.InitialPos)
	if diagnostics.HasErrors() {
		return cty.StringVal(s)
	}
	v, diagnostics := e.Value(nil)
	if diagnostics.HasErrors() {
		return cty.StringVal(s)
	}
	return v
}
