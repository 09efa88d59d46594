package twophase_test

import (
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/twophase"
)

func name(system, pool, xid string, number int) string {
	return twophase.Name{System: system, Pool: pool, XID: xid, Number: number}.String()
}

func TestTheNameOfAPreparedTransactionFitsAndIsReadBack(t *testing.T) {
	for _, pool := range []string{"north", "it's : a \"pool\"", "größe", strings.Repeat("long", 100)} {
		gid := name("7351234567890123456", pool, "18446744073709551615", 12)
		n, ok := twophase.Parse(gid)
		if !ok || len(gid) >= 200 || strings.ContainsAny(gid, "' ") || n.System != "7351234567890123456" || n.XID != "18446744073709551615" || n.Number != 12 {
			t.Errorf("%q: %+v %v", gid, n, ok)
		}
		if len(pool) < 100 && n.Pool != pool {
			t.Errorf("pool %q became %q", pool, n.Pool)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("unoactor:7351234567890123456:751:0:north")
	f.Add("unoactor:1:2:3:%zz")
	f.Add("unoactor:::::")
	f.Fuzz(func(t *testing.T, gid string) {
		n, ok := twophase.Parse(gid)
		if !ok {
			return
		}
		again, ok := twophase.Parse(n.String())
		n.Pool, again.Pool = "", ""
		if !ok && len(gid) < 150 || ok && again != n {
			t.Errorf("%q is read as another transaction than the one that it names", gid)
		}
	})
}

func TestANameThatIsNotOfOurMakingIsNotRead(t *testing.T) {
	for _, gid := range []string{"unoactor:1:2:0:x'; alter role app superuser --", `unoactor:1:2:0:x\`, "unoactor:1:2:0:größe", "unoactor:1:2:0:a b", "unoactor:+1:2:0:a", "unoactor:1:2:a", "else:1:2:0:a"} {
		if _, ok := twophase.Parse(gid); ok {
			t.Errorf("%q", gid)
		}
	}
	if gid := name("1", "größe '\\ x", "2", 0); strings.ContainsAny(gid, `'\ `) {
		t.Error(gid)
	} else if n, ok := twophase.Parse(gid); !ok || n.Pool != "größe '\\ x" {
		t.Error(gid, n, ok)
	}
}
