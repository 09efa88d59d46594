package params

import (
	"maps"
	"slices"
	"strings"

	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// Difference returns the SQL that makes a backend that has from one that has to, "" where nothing need be changed.
func Difference(from, to *Set) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(to.reported)) {
		if value := to.reported[name]; IsCarried(name) && differs(from.reported, name, value) {
			setConfig(&b, name, value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from.asked)) {
		if _, stays := to.asked[name]; !stays {
			b.WriteString("RESET " + quoteName(name) + ";")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(to.asked)) {
		if value := to.asked[name]; differs(from.asked, name, value) {
			setConfig(&b, name, value)
		}
	}
	return b.String()
}

// AppendReports appends a ParameterStatus for each parameter that has another value in to than in from.
func AppendReports(out []byte, from, to *Set) []byte {
	for name, value := range to.reported {
		if differs(from.reported, name, value) {
			out = wire.AppendParameter(out, name, value)
		}
	}
	return out
}

// setConfig writes one change. The function takes a list such as search_path as one string, which SET would take
// for one element. Its row is the name and the value as the server writes it.
func setConfig(b *strings.Builder, name, value string) {
	b.WriteString("SELECT " + quoteText(name) + ",pg_catalog.set_config(" + quoteText(name) + "," + quoteText(value) + ",false);")
}

// quoteText makes a literal that means the same whatever standard_conforming_strings is.
func quoteText(s string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}

// quoteName quotes a parameter's name, part by part.
func quoteName(s string) string {
	parts := strings.Split(s, ".")
	for i, p := range parts {
		parts[i] = `"` + strings.ReplaceAll(p, `"`, `""`) + `"`
	}
	return strings.Join(parts, ".")
}
