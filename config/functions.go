package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are those of Terraform that a topology has use for, and env and file.
func (r *reader) functions() map[string]function.Function {
	return map[string]function.Function{
		"env": r.env(), "file": r.file(),

		"chomp": stdlib.ChompFunc, "format": stdlib.FormatFunc, "formatlist": stdlib.FormatListFunc, "join": stdlib.JoinFunc,
		"lower": stdlib.LowerFunc, "regex": stdlib.RegexFunc, "replace": stdlib.ReplaceFunc, "split": stdlib.SplitFunc,
		"substr": stdlib.SubstrFunc, "title": stdlib.TitleFunc, "trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc,
		"trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc, "upper": stdlib.UpperFunc,

		"coalesce": stdlib.CoalesceFunc, "compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc,
		"distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc, "flatten": stdlib.FlattenFunc, "keys": stdlib.KeysFunc,
		"length": stdlib.LengthFunc, "lookup": stdlib.LookupFunc, "merge": stdlib.MergeFunc, "range": stdlib.RangeFunc,
		"reverse": stdlib.ReverseListFunc, "slice": stdlib.SliceFunc, "sort": stdlib.SortFunc, "values": stdlib.ValuesFunc,
		"zipmap": stdlib.ZipmapFunc,

		"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc, "max": stdlib.MaxFunc, "min": stdlib.MinFunc,

		"jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc,
		"tobool": stdlib.MakeToFunc(cty.Bool), "tonumber": stdlib.MakeToFunc(cty.Number), "tostring": stdlib.MakeToFunc(cty.String),
		"can": tryfunc.CanFunc, "try": tryfunc.TryFunc,
	}
}

// functionNames are those that a topology may call.
var functionNames = slices.Collect(maps.Keys(new(reader).functions()))

// advised is an error of a function of ours. It may quote the names that the
// function was given, never what it found there.
type advised struct{ what, advice string }

func (e *advised) Error() string { return e.what }

// ownError is the error of one of our functions, if that is what a diagnostic is.
func ownError(d *hcl.Diagnostic) (*advised, bool) {
	extra, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d)
	if !ok {
		return nil, false
	}
	var own *advised
	return own, errors.As(extra.FunctionCallError(), &own)
}

// env looks a name up in the environment. What it returns is taken for a secret.
func (r *reader) env() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "name", Type: cty.String, AllowMarked: true}},
		VarParam: &function.Parameter{Name: "default", Type: cty.String},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name, shown := argument(args[0])
			if len(args) > 2 {
				return cty.NilVal, &advised{"env wants a name and at most one default", `write env("NAME", "default")`}
			}
			if v, ok := r.environ(name); ok {
				return cty.StringVal(v).Mark(sensitive), nil
			}
			if len(args) == 2 {
				return args[1].Mark(sensitive), nil
			}
			return cty.NilVal, &advised{shown + " is not set in the environment", fmt.Sprintf(`set it, or write env(%q, "a default")`, shown)}
		},
	})
}

// longestFile is the most that file reads: more is no setting.
const longestFile = 1 << 20

// file reads a file beside the topology, without the line break at its end: most
// hold a password. What it returns is taken for a secret.
func (r *reader) file() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String, AllowMarked: true}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path, shown := argument(args[0])
			if !filepath.IsAbs(path) {
				path = filepath.Join(r.folder, path)
			}
			content, err := readSetting(path)
			if err != nil {
				return cty.NilVal, &advised{fmt.Sprintf("the file %s can't be read: %v", shown, err), "paths are relative to the folder of the topology"}
			}
			return cty.StringVal(strings.TrimRight(content, "\r\n")).Mark(sensitive), nil
		},
	})
}

// argument is a function's argument, and how a message shows it.
func argument(v cty.Value) (value, shown string) {
	if v.IsMarked() {
		v, _ = v.Unmark()
		return v.AsString(), masked
	}
	return v.AsString(), v.AsString()
}

// readSetting reads a file whole. Its error doesn't tell the path.
func readSetting(path string) (string, error) {
	// Before it is opened: to open a pipe that nobody writes to would wait.
	info, err := os.Stat(path)
	if err != nil {
		return "", pathless(err)
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("it is no regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", pathless(err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, longestFile+1))
	if len(content) > longestFile {
		return "", errors.New("it is longer than 1 MiB")
	}
	return string(content), pathless(err)
}

func pathless(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
