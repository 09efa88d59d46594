package config

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// reader decodes files into a topology.
type reader struct {
	collector
	given   map[string]string
	environ func(string) (string, bool)
	scope   *hcl.EvalContext
}

// setter takes a setting's value. Its error says what it should have been.
type setter func(cty.Value) error

// block is one kind of block, as its decoder wants it read.
type block struct {
	what     string            // as an error names it: pool "default"
	settings map[string]setter // by name
	required []string
	nested   map[string]func(*hclsyntax.Block)
}

// read decodes the body of a block and returns where everything stood.
func (r *reader) read(body *hclsyntax.Body, header hcl.Range, b block) Source {
	source := Source{File: header.Filename, Line: header.Start.Line, settings: make(map[string]span)}
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		attribute := body.Attributes[name]
		set, known := b.settings[name]
		if !known {
			advice := didYouMean(name, slices.Collect(maps.Keys(b.settings)))
			if _, isBlock := b.nested[name]; isBlock {
				advice = fmt.Sprintf("%s is a block: write %s { ... } without =", name, name)
			}
			r.addAt(attribute.NameRange, fmt.Sprintf("%s has no setting %q", b.what, name), advice)
			continue
		}
		at := attribute.Expr.Range()
		source.settings[name] = span{at.Start.Line, at.Start.Column, at.Start.Column + width(at)}
		value, ok := r.evaluate(attribute.Expr)
		if !ok {
			continue
		}
		value, _ = value.UnmarkDeep()
		if value.IsNull() {
			continue // as in Terraform: null is not given
		}
		if err := set(value); err != nil {
			r.addAt(at, fmt.Sprintf("%s of %s: %v", name, b.what, err), "")
		}
	}
	for _, inner := range body.Blocks {
		decode, known := b.nested[inner.Type]
		if !known {
			advice := didYouMean(inner.Type, slices.Collect(maps.Keys(b.nested)))
			if _, isSetting := b.settings[inner.Type]; isSetting {
				advice = fmt.Sprintf("%s is a setting: write %s = ...", inner.Type, inner.Type)
			}
			r.addAt(inner.TypeRange, fmt.Sprintf("%s has no block %q", b.what, inner.Type), advice)
			continue
		}
		decode(inner)
	}
	for _, name := range b.required {
		if _, given := body.Attributes[name]; !given {
			r.addAt(header, fmt.Sprintf("%s lacks the setting %q", b.what, name), "add a line: "+name+" = ...")
		}
	}
	return source
}

// labels checks how many names a block has, and returns the first.
func (r *reader) label(b *hclsyntax.Block, wanted int) (string, bool) {
	if len(b.Labels) == wanted {
		return strings.Join(b.Labels, ""), true
	}
	if wanted == 0 {
		r.addAt(b.LabelRanges[0], fmt.Sprintf("%s has no name", b.Type), fmt.Sprintf("write %s { ... }", b.Type))
	} else {
		r.addAt(b.DefRange(), fmt.Sprintf("%s wants one name", b.Type), fmt.Sprintf("write %s \"name\" { ... }", b.Type))
	}
	return "", false
}

func (r *reader) addAt(at hcl.Range, what, advice string) {
	r.add(Problem{File: at.Filename, Line: at.Start.Line, Column: at.Start.Column, Width: width(at), What: what, Advice: advice})
}

// The setters, one a type of setting.

func text[S ~string](to *S) setter {
	return func(v cty.Value) error {
		v, err := convert.Convert(v, cty.String)
		if err != nil || !v.IsKnown() {
			return fmt.Errorf("want a string")
		}
		*to = S(v.AsString())
		return nil
	}
}

func truth(to *bool) setter {
	return func(v cty.Value) error {
		v, err := convert.Convert(v, cty.Bool)
		if err != nil {
			return fmt.Errorf("want true or false")
		}
		*to = v.True()
		return nil
	}
}

func number[N int | uint16](to *N) setter {
	return func(v cty.Value) error {
		n, err := whole(v)
		if err != nil {
			return err
		}
		if n < 0 || int64(N(n)) != n {
			return fmt.Errorf("%d is out of range", n)
		}
		*to = N(n)
		return nil
	}
}

func whole(v cty.Value) (int64, error) {
	v, err := convert.Convert(v, cty.Number)
	if err != nil {
		return 0, fmt.Errorf("want a whole number")
	}
	n, accuracy := v.AsBigFloat().Int64()
	if accuracy != big.Exact {
		return 0, fmt.Errorf("want a whole number")
	}
	return n, nil
}

// size takes bytes, or a string such as "64MiB".
func size(to *int) setter {
	units := []struct {
		suffix string
		factor float64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}
	return func(v cty.Value) error {
		if v.Type() == cty.Number {
			return number(to)(v)
		}
		var s string
		if err := text(&s)(v); err != nil {
			return fmt.Errorf(`want bytes, or a string such as "64MiB"`)
		}
		for _, u := range units {
			if digits, ok := strings.CutSuffix(s, u.suffix); ok {
				n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
				if err == nil && n >= 0 && n*u.factor < math.MaxInt32*2 {
					*to = int(n * u.factor)
					return nil
				}
			}
		}
		return fmt.Errorf(`want bytes, or a string such as "64MiB"`)
	}
}

// period takes "1m30s" or "never".
func period(to *time.Duration) setter {
	return func(v cty.Value) error {
		var s string
		if v.Type() != cty.String || text(&s)(v) != nil {
			return fmt.Errorf(`want a time with its unit, such as "500ms", "30s" or "15m", or "never"`)
		}
		if s == "never" {
			*to = Never
			return nil
		}
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 {
			return fmt.Errorf(`%q is no time: write one with its unit, such as "500ms", "30s" or "15m", or "never"`, s)
		}
		*to = d
		return nil
	}
}

// texts takes a list of strings, or one.
func texts(to *[]string) setter {
	return func(v cty.Value) error {
		if v.Type() == cty.String {
			*to = []string{v.AsString()}
			return nil
		}
		v, err := convert.Convert(v, cty.List(cty.String))
		if err != nil {
			return fmt.Errorf("want a list of strings")
		}
		*to = nil
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			if e.IsNull() {
				return fmt.Errorf("want a list of strings, one is null")
			}
			*to = append(*to, e.AsString())
		}
		return nil
	}
}

func table(to *map[string]string) setter {
	return func(v cty.Value) error {
		v, err := convert.Convert(v, cty.Map(cty.String))
		if err != nil {
			return fmt.Errorf("want strings by name: { name = \"value\" }")
		}
		*to = make(map[string]string)
		for it := v.ElementIterator(); it.Next(); {
			k, e := it.Element()
			if e.IsNull() {
				return fmt.Errorf("%q is null", k.AsString())
			}
			(*to)[k.AsString()] = e.AsString()
		}
		return nil
	}
}

func lowerFirst(s string) string {
	r := []rune(s)
	if len(r) > 1 && unicode.IsUpper(r[0]) && unicode.IsLower(r[1]) {
		r[0] = unicode.ToLower(r[0])
	}
	return string(r)
}
