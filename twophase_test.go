package unoactor_test

import (
	"strings"
	"testing"

	"github.com/unoactor/unoactor"
)

func TestTheNameOfAPreparedTransactionFitsAndIsReadBack(t *testing.T) {
	for _, pool := range []string{"north", "it's : a \"pool\"", "größe", strings.Repeat("long", 100)} {
		gid := unoactor.GlobalID("7351234567890123456", pool, "18446744073709551615", 12)
		system, name, xid, number, ok := unoactor.ParseGlobalID(gid)
		if !ok || len(gid) >= 200 || strings.ContainsAny(gid, "' ") || system != "7351234567890123456" || xid != "18446744073709551615" || number != 12 {
			t.Errorf("%q: %q %q %d %v", gid, system, xid, number, ok)
		}
		if len(pool) < 100 && name != pool {
			t.Errorf("pool %q became %q", pool, name)
		}
	}
}

func FuzzParseGlobalID(f *testing.F) {
	f.Add("unoactor:7351234567890123456:751:0:north")
	f.Add("unoactor:1:2:3:%zz")
	f.Add("unoactor:::::")
	f.Fuzz(func(t *testing.T, gid string) {
		system, pool, xid, number, ok := unoactor.ParseGlobalID(gid)
		if !ok {
			return
		}
		again, _, xidAgain, numberAgain, ok := unoactor.ParseGlobalID(unoactor.GlobalID(system, pool, xid, number))
		if !ok && len(gid) < 150 || ok && (again != system || xidAgain != xid || numberAgain != number) {
			t.Errorf("%q is read as another transaction than the one that it names", gid)
		}
	})
}

func TestANameThatIsNotOfOurMakingIsNotRead(t *testing.T) {
	for _, gid := range []string{"unoactor:1:2:0:x'; alter role app superuser --", `unoactor:1:2:0:x\`, "unoactor:1:2:0:größe", "unoactor:1:2:0:a b", "unoactor:+1:2:0:a", "unoactor:1:2:a", "else:1:2:0:a"} {
		if _, _, _, _, ok := unoactor.ParseGlobalID(gid); ok {
			t.Errorf("%q", gid)
		}
	}
	if gid := unoactor.GlobalID("1", "größe '\\ x", "2", 0); strings.ContainsAny(gid, `'\ `) {
		t.Error(gid)
	} else if _, pool, _, _, ok := unoactor.ParseGlobalID(gid); !ok || pool != "größe '\\ x" {
		t.Error(gid, pool, ok)
	}
}
