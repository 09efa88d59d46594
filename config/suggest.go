package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// didYouMean advises on a name that nothing bears: the nearest one, or all.
func didYouMean(name string, known []string) string {
	known = slices.Clone(known)
	slices.Sort(known)
	if best := nearest(name, known); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(known) == 0 {
		return ""
	}
	return "write one of: " + strings.Join(known, ", ")
}

// nearest is the known name that is most like one, empty if none is.
func nearest(name string, known []string) string {
	known = slices.Clone(known)
	slices.Sort(known) // so that of two as near the same is told each time
	best, distance := "", 1+max(len(name)/3, 2)
	for _, k := range known {
		if d := levenshtein.Distance(strings.ToLower(name), strings.ToLower(k), nil); d < distance {
			best, distance = k, d
		}
	}
	for _, k := range known {
		if best == "" && min(len(k), len(name)) > 2 && (strings.HasPrefix(name, k) || strings.HasPrefix(k, name)) {
			best = k // warning for warn
		}
	}
	return best
}
