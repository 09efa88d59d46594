package twophase_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/twophase"
)

// A picture is one letter a participant: o open, p prepared, ? asked to prepare without an
// answer, x refused, f finished; and the decision: - none, ? unanswered, C committed,
// A rolled back, U unknown.
const phaseLetters, decisionLetters = "op?xf", "-?CAU"

func knowledge(picture string) (k twophase.Knowledge) {
	phases, decision, _ := strings.Cut(picture, " ")
	for _, c := range strings.ReplaceAll(phases, ".", "") {
		k.Phases = append(k.Phases, twophase.Phase(strings.IndexRune(phaseLetters, c)))
	}
	k.Decision = twophase.Decision(strings.Index(decisionLetters, decision))
	return k
}

func picture(k twophase.Knowledge) string {
	var b strings.Builder
	for _, p := range k.Phases {
		b.WriteByte(phaseLetters[p])
	}
	if len(k.Phases) == 0 {
		b.WriteByte('.')
	}
	return b.String() + " " + decisionLetters[k.Decision:k.Decision+1]
}

func steps(k twophase.Knowledge) string {
	var all []string
	for _, s := range k.Next() {
		switch {
		case s.Action == twophase.Prepare:
			all = append(all, fmt.Sprint("prepare ", s.Which))
		case s.Action == twophase.Decide:
			all = append(all, "decide")
		case s.Action == twophase.Ask:
			all = append(all, "ask")
		case s.Commit:
			all = append(all, fmt.Sprint("commit ", s.Which))
		default:
			all = append(all, fmt.Sprint("roll back ", s.Which))
		}
	}
	return strings.Join(all, ", ")
}

func TestWhatIsKnownSaysWhatIsToBeDone(t *testing.T) {
	for name, c := range map[string]struct{ known, want string }{
		"where one database was written to, its COMMIT is all":           {". -", "decide"},
		"the others are prepared one after the other":                    {"oo -", "prepare 0"},
		"one that is prepared makes room for the next":                   {"po -", "prepare 1"},
		"when all are prepared the coordinator decides":                  {"pp -", "decide"},
		"what one database refuses is rolled back where it is prepared":  {"px A", "roll back 0"},
		"one that was never asked is left to its connection's end":       {"pxo A", "roll back 0"},
		"one that did not answer may be prepared":                        {"p?o A", "roll back 0, roll back 1"},
		"a decision without an answer is asked for":                      {"pp ?", "ask"},
		"also where nothing is prepared":                                 {". ?", "ask"},
		"nobody is told before the decision is known":                    {"pf ?", "ask"},
		"a decision to commit is told to all":                            {"ppp C", "commit 0, commit 1, commit 2"},
		"one that has heard is not told again":                           {"fpf C", "commit 1"},
		"a decision to roll back is told to all that are prepared":       {"pp A", "roll back 0, roll back 1"},
		"when all have heard there is nothing to do":                     {"ff C", ""},
		"a decision that can't be learned is left to recovery":           {"pp U", ""},
		"a transaction of one database that was rolled back is all over": {". A", ""},
	} {
		if got := steps(knowledge(c.known)); got != c.want {
			t.Errorf("%s: %s: %q, want %q", name, c.known, got, c.want)
		}
	}
}

func TestEachAnswerIsLearnedFrom(t *testing.T) {
	replies := map[string]twophase.Reply{"done": twophase.Done, "refused": twophase.Refused, "unanswered": twophase.Unanswered}
	for _, c := range []struct{ known, heard, want string }{
		{"oo -", "prepare done", "po -"},
		{"oo -", "prepare refused", "xo A"},
		{"oo -", "prepare unanswered", "?o A"},
		{"pp -", "decide done", "pp C"},
		{"pp -", "decide refused", "pp A"},
		{"pp -", "decide unanswered", "pp ?"},
		{"pp ?", "status in progress", "pp ?"},
		{"pp ?", "status committed", "pp C"},
		{"pp ?", "status aborted", "pp A"},
		{"pp ?", "status forgotten", "pp U"},
		{"pp C", "found", "fp C"},
		{"pp C", "missing", "fp C"}, // somebody else has finished it
		{"?p A", "found", "fp A"},
		{"?p A", "missing, in progress", "?p A"}, // its PREPARE is still under way
		{"?p A", "missing, aborted", "fp A"},
		{"?p A", "missing, forgotten", "fp A"},
	} {
		k := knowledge(c.known)
		what, rest, _ := strings.Cut(c.heard, " ")
		if rest == "forgotten" {
			rest = ""
		}
		switch what {
		case "prepare":
			k.WasPrepared(0, replies[rest])
		case "decide":
			k.WasDecided(replies[rest])
		case "status":
			k.WasTold(twophase.Status(rest))
		default:
			k.WasFinished(0, what == "found", twophase.Status(rest))
		}
		if got := picture(k); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.known, c.heard, got, c.want)
		}
	}
}

// A picture of an election is one letter a database that was written to: c can prepare, n can't.
func TestTheCoordinatorIsTheOneThatCantPrepare(t *testing.T) {
	for databases, want := range map[string]string{
		"c": "0", "n": "0", "cc": "1", "nc": "0", "cn": "1", "cnc": "1", "ccc": "2", "nn": "unable 0 1", "ncn": "unable 0 2",
	} {
		var members []twophase.Member
		for i, c := range databases {
			members = append(members, twophase.Member{Pool: fmt.Sprint(i), System: fmt.Sprint(7000 + i), XID: fmt.Sprint(100 + i), CanPrepare: c == 'c'})
		}
		coordinator, others, unable := twophase.Elect(members)
		got := coordinator.Pool
		if len(unable) > 0 {
			got = "unable " + strings.Join(unable, " ")
		} else if len(others) != len(members)-1 || coordinator.GID != "" {
			t.Errorf("%s: %d others", databases, len(others))
		}
		names := map[string]bool{}
		for _, o := range others {
			name, ok := twophase.Parse(o.GID)
			if !ok || name.System != coordinator.System || name.XID != coordinator.XID || name.Pool != coordinator.Pool || names[o.GID] {
				t.Errorf("%s: pool %s is named %q", databases, o.Pool, o.GID)
			}
			names[o.GID] = true
		}
		if got != want {
			t.Errorf("%s: %s, want %s", databases, got, want)
		}
	}
}
