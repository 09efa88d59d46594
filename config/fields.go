package config

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// field is one setting of one struct: how it takes a value from a file, and what
// it has.
type field struct {
	// set's error says what the value should have been, and never what it is.
	set func(cty.Value) error
	get func() any
}

func text[S ~string](to *S) field {
	return field{func(v cty.Value) error {
		v, err := convert.Convert(v, cty.String)
		if err != nil {
			return errors.New("want a string")
		}
		*to = S(v.AsString())
		return nil
	}, func() any { return *to }}
}

// word is text for a setting whose default is not the empty text: what is written as "" is
// no default.
func word[S ~string](to *S) field {
	f := text(to)
	return field{func(v cty.Value) error {
		if v.Type() == cty.String && v.AsString() == "" {
			return errors.New("it is empty: write a value, or leave it out (or write null) for the default")
		}
		return f.set(v)
	}, f.get}
}

func truth(to *bool) field {
	return field{func(v cty.Value) error {
		v, err := convert.Convert(v, cty.Bool)
		if err != nil {
			return errors.New("want true or false")
		}
		*to = v.True()
		return nil
	}, func() any { return *to }}
}

// number takes a whole number from least to most. What is written as 0 is no
// default, so least says whether it may be.
func number[N int | uint16](to *N, least, most int64) field {
	return field{func(v cty.Value) error {
		v, err := convert.Convert(v, cty.Number)
		if err != nil {
			return errors.New("want a whole number")
		}
		n, accuracy := v.AsBigFloat().Int64()
		if accuracy != big.Exact {
			return errors.New("want a whole number")
		}
		if n < least && most == math.MaxInt32 {
			return fmt.Errorf("want at least %d", least)
		}
		if n < least || n > most {
			return fmt.Errorf("want a number from %d to %d", least, most)
		}
		*to = N(n)
		return nil
	}, func() any { return *to }}
}

// fraction takes a number above 0, up to 1. What is written as 0 is no default.
func fraction(to *float64) field {
	return decimal(to, isFraction, errors.New("want a number above 0, up to 1, such as 0.8"))
}

// factor takes a number of at least 1.
func factor(to *float64) field {
	return decimal(to, isFactor, errors.New("want a number of at least 1, such as 1.5"))
}

// Neither is true of NaN, and nothing infinite is a factor.
func isFraction(x float64) bool { return x > 0 && x <= 1 }
func isFactor(x float64) bool   { return x >= 1 && x <= math.MaxFloat64 }

func decimal(to *float64, good func(float64) bool, wrong error) field {
	return field{func(v cty.Value) error {
		v, err := convert.Convert(v, cty.Number)
		if err != nil {
			return wrong
		}
		x, _ := v.AsBigFloat().Float64() // the nearest one is near enough
		if !good(x) {
			return wrong
		}
		*to = x
		return nil
	}, func() any { return *to }}
}

// bytesSize is a number of bytes.
type bytesSize int

func (b bytesSize) String() string {
	for _, u := range sizeUnits[:3] {
		if n := int(u.factor); int(b) >= n && int(b)%n == 0 {
			return strconv.Itoa(int(b)/n) + u.suffix
		}
	}
	return strconv.Itoa(int(b)) + "B"
}

var sizeUnits = []struct {
	suffix string
	factor float64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

// size takes bytes, or a string such as "64MiB". Its limits are for a check.
func size(to *int) field {
	wrong := errors.New(`want bytes, or a string such as "64MiB"`)
	return field{func(v cty.Value) error {
		if v.Type() == cty.Number {
			return number(to, 1, math.MaxInt32).set(v)
		}
		if v.Type() != cty.String {
			return wrong
		}
		for _, u := range sizeUnits {
			if digits, ok := strings.CutSuffix(v.AsString(), u.suffix); ok {
				n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
				if n *= u.factor; err != nil || !(n >= 1 && n <= math.MaxInt32) {
					return wrong
				}
				*to = int(n)
				return nil
			}
		}
		return wrong
	}, func() any { return bytesSize(*to) }}
}

// period takes "1m30s" or "never".
func period(to *time.Duration) field {
	wrong := errors.New(`want a time with its unit, such as "500ms", "30s" or "15m", or "never"`)
	return field{func(v cty.Value) error {
		if v.Type() != cty.String {
			return wrong
		}
		if v.AsString() == "never" {
			*to = Never
			return nil
		}
		d, err := time.ParseDuration(v.AsString())
		if err != nil || d <= 0 {
			return wrong
		}
		*to = d
		return nil
	}, func() any { return *to }}
}

// texts takes a list of strings, or one string. What is written as [] is no
// default, so least says whether it may be.
func texts(to *[]string, least int) field {
	return field{func(v cty.Value) error {
		if v.Type() == cty.String {
			*to = []string{v.AsString()}
			return nil
		}
		v, err := convert.Convert(v, cty.List(cty.String))
		if err != nil {
			return errors.New(`want a list of strings: ["one", "two"]`)
		}
		if v.LengthInt() < least {
			return errors.New("want at least one; leave it out for the default")
		}
		var list []string
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			if e.IsNull() {
				return errors.New("want a list of strings, one of them is null")
			}
			list = append(list, e.AsString())
		}
		*to = list
		return nil
	}, func() any { return *to }}
}

func table(to *map[string]string) field {
	return field{func(v cty.Value) error {
		v, err := convert.Convert(v, cty.Map(cty.String))
		if err != nil {
			return errors.New(`want strings by name: { name = "value" }`)
		}
		named := make(map[string]string)
		for it := v.ElementIterator(); it.Next(); {
			k, e := it.Element()
			if e.IsNull() {
				return errors.New("want strings by name, one of them is null")
			}
			named[k.AsString()] = e.AsString()
		}
		*to = named
		return nil
	}, func() any { return *to }}
}

// period and size are shown as they are written.
func show(v any) string {
	switch v := v.(type) {
	case time.Duration:
		if v == Never {
			return "never"
		}
		return shortDuration(v)
	case bytesSize:
		return v.String()
	case Secret:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool, int, uint16:
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%q", v)
}

// shortDuration is a duration without units that are zero: 30m, not 30m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
