package twophase_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/twophase"
)

// fixed is a database that says the same all the time, and takes note of what it is told.
type fixed struct {
	sight  twophase.Sight
	status twophase.Status
	fails  string // Look, Status or Finish
	told   []string
}

func (f *fixed) may(what string) error {
	if f.fails == what {
		return errors.New(what + " failed")
	}
	return nil
}

func (f *fixed) Look(context.Context) (twophase.Sight, error) { return f.sight, f.may("Look") }

func (f *fixed) Status(context.Context, string) (twophase.Status, error) {
	return f.status, f.may("Status")
}

func (f *fixed) Finish(_ context.Context, gid string, commit bool) (bool, error) {
	f.told = append(f.told, twophase.FinishStatement(gid, commit))
	return true, f.may("Finish")
}

// A picture is the databases of a topology, "north@1/a" is pool north on server 1, which
// process a is. What is prepared is in the first one.
func TestWhatIsLeftPreparedIsFinishedAsItsCoordinatorDecidedOrLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		topology, gid string
		status        twophase.Status
		owner, fails  string // fails: which call, of which pool
		want          string // the statement, or a part of the reason
	}{
		"committed":                            {"south@2/b north@1/a", "unoactor:1:5:0:north", "committed", "", "", "commit prepared"},
		"rolled back":                          {"south@2/b north@1/a", "unoactor:1:5:0:north", "aborted", "", "", "rollback prepared"},
		"the coordinator is at work":           {"south@2/b north@1/a", "unoactor:1:5:0:north", "in progress", "", "", "not decided yet"},
		"it is too long ago":                   {"south@2/b north@1/a", "unoactor:1:5:0:north", "", "", "", "forgotten transaction 5"},
		"two databases of one server":          {"south@1/a north@1/a", "unoactor:1:5:0:north", "committed", "", "", "commit prepared"},
		"the pool has another name now":        {"south@2/b east@1/a", "unoactor:1:5:0:north", "committed", "", "", "commit prepared"},
		"its name was too long":                {"south@2/b east@1/a", "unoactor:1:5:0:%C3", "committed", "", "", "commit prepared"},
		"or is one of two, on one server":      {"south@2/b east@1/a west@1/a", "unoactor:1:5:0:north", "committed", "", "", "commit prepared"},
		"or is one of two, on copies":          {"south@2/b east@1/a west@1/c", "unoactor:1:5:0:north", "committed", "", "", "several servers are copies"},
		"a copy that has its name":             {"south@2/b north@1/a west@1/c", "unoactor:1:5:0:north", "committed", "", "", "commit prepared"},
		"a pool of its name on another server": {"south@2/b north@3/a", "unoactor:1:5:0:north", "committed", "", "", "no pool of this topology is on its coordinator's server"},
		"its server can't be reached":          {"south@2/b north@1/a", "unoactor:1:5:0:north", "committed", "", "Look north", "no pool of this topology is on its coordinator's server"},
		"its server can't be asked":            {"south@2/b north@1/a", "unoactor:1:5:0:north", "committed", "", "Status north", `ask its coordinator, pool "north": Status failed`},
		"it can't be finished":                 {"south@2/b north@1/a", "unoactor:1:5:0:north", "committed", "", "Finish south", "Finish failed"},
		"another role prepared it":             {"south@2/b north@1/a", "unoactor:1:5:0:north", "committed", "former", "", `as "former" or as a superuser, in database "south", run: commit prepared`},
		"a name of nobody's":                   {"south@2/b north@1/a", "unoactor:nonsense", "committed", "", "", "not of unoactor's making"},
		"a name that would be a statement":     {"south@2/b north@1/a", "unoactor:1:5:0:x'; drop table t --", "committed", "", "", "not of unoactor's making"},
	} {
		t.Run(name, func(t *testing.T) {
			var all []twophase.Named
			var first *fixed
			for i, drawn := range strings.Fields(c.topology) {
				pool, server, _ := strings.Cut(drawn, "@")
				system, process, _ := strings.Cut(server, "/")
				d := &fixed{sight: twophase.Sight{System: system, Process: process, User: "app"}, status: c.status}
				if what, where, _ := strings.Cut(c.fails, " "); where == pool {
					d.fails = what
				}
				if i == 0 {
					first = d
					d.sight.Prepared = []twophase.Prepared{{GID: c.gid, Owner: c.owner, Database: pool, Mine: c.owner == ""}}
				}
				all = append(all, twophase.Named{Pool: pool, Database: d})
			}
			found, err := twophase.Recover(t.Context(), all)
			if (err != nil) != strings.HasPrefix(c.fails, "Look") {
				t.Error(err)
			}
			if len(found) != 1 || found[0].GID != c.gid || found[0].Pool != "south" {
				t.Fatalf("%+v", found)
			}
			got := strings.Join(first.told, ", ")
			if found[0].Err != nil {
				if got != "" && c.fails != "Finish south" {
					t.Errorf("it was touched: %s", got)
				}
				got = found[0].Err.Error()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestWhatSeveralPoolsSeeIsFinishedOnce(t *testing.T) {
	sight := twophase.Sight{System: "1", Process: "a", Prepared: []twophase.Prepared{{GID: "unoactor:1:5:0:north", Database: "postgres", Mine: true}}}
	var all []twophase.Named
	var told []*fixed
	for i := range 3 {
		d := &fixed{sight: sight, status: twophase.WasCommitted}
		if i == 0 { // its role may not
			d.sight.Prepared = []twophase.Prepared{{GID: "unoactor:1:5:0:north", Database: "postgres"}}
		}
		all, told = append(all, twophase.Named{Pool: fmt.Sprint("pool", i), Database: d}), append(told, d)
	}
	found, err := twophase.Recover(t.Context(), all)
	if err != nil || len(found) != 2 || found[0].Err == nil || found[1].Err != nil || len(told[1].told) != 1 || len(told[2].told) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
}
