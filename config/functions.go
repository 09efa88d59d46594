package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are those of Terraform that a topology has use for, and env and file.
func (r *reader) functions() map[string]function.Function {
	return map[string]function.Function{
		"env":  r.env(),
		"file": r.file(),

		"upper": stdlib.UpperFunc, "lower": stdlib.LowerFunc, "title": stdlib.TitleFunc,
		"trimspace": stdlib.TrimSpaceFunc, "trimprefix": stdlib.TrimPrefixFunc, "trimsuffix": stdlib.TrimSuffixFunc,
		"replace": stdlib.ReplaceFunc, "substr": stdlib.SubstrFunc, "format": stdlib.FormatFunc,
		"join": stdlib.JoinFunc, "split": stdlib.SplitFunc, "regex": stdlib.RegexFunc,
		"concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc,
		"flatten": stdlib.FlattenFunc, "keys": stdlib.KeysFunc, "values": stdlib.ValuesFunc, "length": stdlib.LengthFunc,
		"lookup": stdlib.LookupFunc, "merge": stdlib.MergeFunc, "range": stdlib.RangeFunc, "sort": stdlib.SortFunc,
		"coalesce": stdlib.CoalesceFunc, "min": stdlib.MinFunc, "max": stdlib.MaxFunc, "abs": stdlib.AbsoluteFunc,
		"ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc, "jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc,
		"tostring": stdlib.MakeToFunc(cty.String), "tonumber": stdlib.MakeToFunc(cty.Number), "tobool": stdlib.MakeToFunc(cty.Bool),
	}
}

// env looks a name up in the environment. What it returns is taken for a secret.
func (r *reader) env() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "name", Type: cty.String}},
		VarParam: &function.Parameter{Name: "default", Type: cty.String},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name := args[0].AsString()
			if v, ok := r.environ(name); ok {
				return cty.StringVal(v).Mark(sensitive), nil
			}
			if len(args) > 1 {
				return args[1], nil
			}
			return cty.NilVal, fmt.Errorf(`%s is not set in the environment; set it, or write env(%q, "a default")`, name, name)
		},
	})
}

// file reads a file beside the topology, without the line break at its end: most
// hold a password. What it returns is taken for a secret.
func (r *reader) file() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path := args[0].AsString()
			if !filepath.IsAbs(path) {
				path = filepath.Join(r.folder(), path)
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return cty.NilVal, fmt.Errorf("it can't be read: %w", err)
			}
			return cty.StringVal(strings.TrimRight(string(content), "\r\n")).Mark(sensitive), nil
		},
	})
}

// folder is where the topology's files are.
func (r *reader) folder() string {
	for name := range r.files {
		return filepath.Dir(name)
	}
	return "."
}
