package figures

import (
	"fmt"
	"math"
	"slices"
)

// Median is the middle of the values, or the mean of the two in the middle. The
// median of none is NaN.
func Median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Spread is how far apart the values lie, (greatest - least) / median: 0.1 is a
// range of a tenth of the median. Of fewer than two values, or of a median of 0,
// it is NaN.
func Spread(values []float64) float64 {
	m := Median(values)
	if len(values) < 2 || m == 0 {
		return math.NaN()
	}
	return (slices.Max(values) - slices.Min(values)) / m
}

// Ratio is the median of a over the median of b, NaN where that says nothing.
func Ratio(a, b []float64) float64 {
	m := Median(b)
	if m == 0 {
		return math.NaN()
	}
	return Median(a) / m
}

// Times is a ratio as a cell of a table: "12.3x", with about three digits.
func Times(ratio float64) string {
	if s := Short(ratio); s != None {
		return s + "x"
	}
	return None
}

// None is the cell of a figure that there is not.
const None = "-"

// Short is a number with about three significant digits and no exponent.
func Short(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return None
	case v == 0:
		return "0"
	case size < 0.995:
		return fmt.Sprintf("%.3f", v)
	case size < 9.95:
		return fmt.Sprintf("%.2f", v)
	case size < 99.5:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// Percent is a share as a cell of a table: 0.1 is "10 %".
func Percent(share float64) string {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return None
	}
	return fmt.Sprintf("%.0f %%", share*100)
}
