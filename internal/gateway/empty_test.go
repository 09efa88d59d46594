package gateway_test

import (
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// An empty value is a value, and not the lack of one.
func TestAnEmptyValueOfASettingIsTheClientsOwnAsAnyOther(t *testing.T) {
	both(t, func(t *testing.T, w world) {
		shows := func(r *raw, setting, want string) {
			t.Helper()
			if got := r.query("select '<' || coalesce(current_setting('" + setting + "', true), 'none') || '>'"); got != "T D:<"+want+"> C:SELECT_1 Z:I" {
				t.Errorf("%s: %s, which should be %q", setting, got, want)
			}
		}
		for _, c := range []struct {
			parameters []string
			setting    string
		}{
			{[]string{"options", "-csearch_path="}, "search_path"}, {[]string{"options", "-c search_path="}, "search_path"},
			{[]string{"options", "--search-path="}, "search_path"}, {[]string{"search_path", ""}, "search_path"}, {[]string{"SEARCH_PATH", ""}, "search_path"},
			{[]string{"application_name", ""}, "application_name"}, {[]string{"my.own", ""}, "my.own"}, {[]string{"temp_tablespaces", ""}, "temp_tablespaces"},
			{[]string{"application_name", "", "options", "-c search_path= -c my.own="}, "search_path"},
		} {
			r, other := w.login(t, c.parameters...), w.login(t, "search_path", "pg_catalog", "application_name", "other", "my.own", "not empty")
			for range 2 {
				shows(r, c.setting, "")
				shows(other, "search_path", "pg_catalog")
			}
			r.query("reset all")
			shows(r, c.setting, "")
			shows(other, "application_name", "other")
			r.query("set application_name to 'a'")
			shows(other, "my.own", "not empty")
			r.query("set application_name to ''")
			shows(other, "application_name", "other")
			shows(r, "application_name", "")
			r.query("select set_config('search_path', '', false)")
			shows(other, "search_path", "pg_catalog")
			shows(r, "search_path", "")
			_, _ = r.conn.Close(), other.conn.Close()
			w.quiet(t)
		}
	})
}

func TestWhatThePoolConnectsWithMayBeEmpty(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(p *config.Pool, g *config.Gateway) {
		one(p, g)
		p.Runtime = map[string]string{"search_path": "", "application_name": ""}
	})
	r, other := w.login(t), w.login(t, "search_path", "pg_catalog", "application_name", "other")
	if got, told := r.parameters["application_name"]; !told || got != "" {
		t.Errorf("told of application_name %q, %v", got, told)
	}
	for range 2 {
		r.expect("select '<' || current_setting('search_path') || '>'", "<>")
		r.expect("select '<' || current_setting('application_name') || '>'", "<>")
		other.expect("show search_path", "pg_catalog")
		other.expect("show application_name", "other")
	}
	r.query("set application_name to 'x'")
	r.query("reset application_name")
	other.expect("select 1", "1")
	r.expect("select '<' || current_setting('application_name') || '>'", "<>")
}
