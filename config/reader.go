package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// reader decodes files into a topology.
type reader struct {
	collector
	folder  string // what paths are relative to
	given   map[string]string
	environ func(string) (string, bool)
	scope   *hcl.EvalContext
}

// block is one kind of block, as its decoder wants it read.
type block struct {
	what     string           // as an error names it: pool "default"
	settings map[string]field // by name
	required []string
	nested   map[string]func(*hclsyntax.Block)
}

// read decodes the body of a block and returns where everything stood.
func (r *reader) read(body *hclsyntax.Body, header hcl.Range, b block) Source {
	source := Source{File: header.Filename, Line: header.Start.Line, header: r.place(header), settings: make(map[string]span)}
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		attribute := body.Attributes[name]
		f, known := b.settings[name]
		if !known {
			advice := didYouMean(name, slices.Collect(maps.Keys(b.settings)))
			if ours := elsewhere[name]; b.settings[ours].set != nil {
				advice = fmt.Sprintf("did you mean %q?", ours)
			}
			if _, isBlock := b.nested[name]; isBlock {
				advice = fmt.Sprintf("%s is a block: write %s { ... } without =", name, name)
			}
			r.addAt(attribute.NameRange, fmt.Sprintf("%s has no setting %q", b.what, name), advice)
			continue
		}
		value, ok := r.evaluate(attribute.Expr)
		if ok && value.IsNull() {
			continue // as in Terraform: null is not given
		}
		at := attribute.Expr.Range()
		place := r.place(at)
		place.secret = value.ContainsMarked()
		source.settings[name] = place
		if list, ok := attribute.Expr.(*hclsyntax.TupleConsExpr); ok {
			for i, e := range list.Exprs {
				at := r.place(e.Range())
				at.secret = place.secret
				source.settings[element(name, i)] = at
			}
		}
		if !ok {
			continue
		}
		value, _ = value.UnmarkDeep()
		if err := f.set(value); err != nil {
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
		if _, given := source.settings[name]; !given {
			r.addAt(header, fmt.Sprintf("%s lacks the setting %q", b.what, name), "add a line: "+name+" = ...")
		}
	}
	return source
}

// label checks how many names a block has, 0 or 1, and returns it.
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

// once says whether a block is the first of its kind, and complains if not.
func (r *reader) once(b *hclsyntax.Block, seen map[string]hcl.Range) bool {
	if _, ok := r.label(b, 0); !ok {
		return false
	}
	if first, again := seen[b.Type]; again {
		r.addAt(b.DefRange(), fmt.Sprintf("there is a second %s block", b.Type),
			fmt.Sprintf("put all its settings into the first, at %s:%d", first.Filename, first.Start.Line))
		return false
	}
	seen[b.Type] = b.DefRange()
	return true
}
