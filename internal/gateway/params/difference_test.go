package params_test

import (
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/params"
)

func TestParametersAreQuotedWhateverTheyHold(t *testing.T) {
	m := func(pairs ...string) map[string]string {
		r := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			r[pairs[i]] = pairs[i+1]
		}
		return r
	}
	for _, c := range []struct {
		from, to, fromAsked, toAsked map[string]string
		want                         string
	}{
		{m("TimeZone", "a"), m("TimeZone", "a"), nil, nil, ""},
		{m("TimeZone", "a"), m("TimeZone", `it's \`), nil, nil, `SELECT E'TimeZone',pg_catalog.set_config(E'TimeZone',E'it''s \\',false);`},
		{m("server_version", "15"), m("server_version", "16"), nil, nil, ""},
		{nil, nil, m(`my."own`, "1"), nil, `RESET "my"."""own";`},
		{nil, nil, m("a", "1"), m("a", "2"), `SELECT E'a',pg_catalog.set_config(E'a',E'2',false);`},
	} {
		if got := params.Difference(params.NewSet(c.from, c.fromAsked), params.NewSet(c.to, c.toAsked)); got != c.want {
			t.Errorf("%s, not %s", got, c.want)
		}
	}
}
