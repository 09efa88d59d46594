package figures_test

import (
	"math"
	"testing"

	"github.com/unoactor/unoactor/bench/figures"
)

func TestTheMedianIsTheMiddleAndLeavesItsArgumentAlone(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{7}, 7},
		{[]float64{9, 1}, 5},
		{[]float64{100, 1, 3}, 3},
		{[]float64{4, 1, 3, 1000}, 3.5},
		{nil, math.NaN()},
	} {
		before := append([]float64(nil), c.values...)
		if got := figures.Median(c.values); !same(got, c.want) {
			t.Errorf("median of %v: %v, want %v", c.values, got, c.want)
		}
		for i, v := range before {
			if c.values[i] != v {
				t.Fatalf("the values were reordered: %v", c.values)
			}
		}
	}
}

func TestOneWildRoundDoesNotMoveARatioButShowsInTheSpread(t *testing.T) {
	calm, wild := []float64{10, 10, 10}, []float64{20, 20, 500}
	if got := figures.Ratio(wild, calm); got != 2 {
		t.Errorf("ratio %v, want 2", got)
	}
	if got := figures.Spread(wild); got != 24 {
		t.Errorf("spread %v, want 24", got)
	}
	if got := figures.Spread(calm); got != 0 {
		t.Errorf("spread %v, want 0", got)
	}
	if got := figures.Spread([]float64{10}); figures.Percent(got) != figures.None {
		t.Errorf("one round has a spread: %v", got)
	}
}

func TestARatioToNothingIsNoNumber(t *testing.T) {
	for name, got := range map[string]float64{
		"to zero": figures.Ratio([]float64{1}, []float64{0}),
		"to none": figures.Ratio([]float64{1}, nil),
		"of none": figures.Ratio(nil, []float64{1}),
	} {
		if !math.IsNaN(got) || figures.Times(got) != figures.None {
			t.Errorf("%s: %v shown as %q", name, got, figures.Times(got))
		}
	}
}

func TestFiguresHaveAboutThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.0349: "0.035", 0.996: "1.00", 1.234: "1.23", 9.96: "10.0", 45.67: "45.7", 99.6: "100", 1422.4: "1422", -3.14159: "-3.14",
	} {
		if got := figures.Short(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	if got := figures.Times(8.02); got != "8.02x" {
		t.Errorf("8.02: %q", got)
	}
	if got := figures.Percent(0.126); got != "13 %" {
		t.Errorf("0.126: %q", got)
	}
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
