package gateway_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/unoactor/unoactor/internal/gateway"
)

// in has connections of an address enter a lobby, and returns how many were let in.
func in(l *gateway.Lobby, address string, n int) (places []*gateway.Place, refused string) {
	for range n {
		p, f := l.Enter(address)
		if f != "" {
			return places, f
		}
		places = append(places, p)
	}
	return places, ""
}

func TestTheLobbyDisplacesTheOldestLoginThatHadItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := gateway.NewLobby(100, 4, 2, 0)
		a, refused := in(l, "a", 3)
		if len(a) != 2 || !strings.Contains(refused, "max_logins_per_address") {
			t.Fatalf("%d of an address that may have 2: %s", len(a), refused)
		}
		b, _ := in(l, "b", 2)
		if _, refused = in(l, "c", 1); !strings.Contains(refused, "max_logins.") {
			t.Fatalf("a fifth of 4: %s", refused)
		}
		if a[0].Admit() != "" {
			t.Error("it came in time")
		}
		<-time.After(300 * time.Millisecond)
		a2, refused := in(l, "a", 2)
		if refused != "" || !a[1].Displaced() || b[0].Displaced() {
			t.Fatalf("the address's own oldest has had its time: %s", refused)
		}
		if _, refused = in(l, "c", 2); refused != "" || !b[0].Displaced() || !b[1].Displaced() || a2[0].Displaced() {
			t.Errorf("the oldest of all have had their time: %s", refused)
		}
		if a[1].Admit() == "" {
			t.Error("its place was given away")
		}
		if _, refused = in(l, "d", 1); refused == "" {
			t.Error("nobody has had his time")
		}
		if clients, logins := l.Count(); clients != 1 || logins != 4 {
			t.Errorf("%d clients, %d logins", clients, logins)
		}
		for _, p := range append(append(a, a2...), b...) {
			p.Leave()
			p.Leave()
		}
		if clients, logins := l.Count(); clients != 0 || logins != 2 {
			t.Errorf("%d clients, %d logins are left", clients, logins)
		}
	})
}

func TestALoginThatIsRefusedKeepsItsPlaceForAsLongAsItIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := gateway.NewLobby(100, 100, 4, 0)
		told := 0
		tell := func() { told++ }
		a, _ := in(l, "a", 4)
		a[0].Hold(time.Second, tell)
		a[1].Hold(2*time.Second, tell)
		a[0].Leave()
		if _, refused := in(l, "a", 1); !strings.Contains(refused, "were refused") {
			t.Errorf("half of what an address may have is held: %s", refused)
		}
		if _, refused := in(l, "b", 1); refused != "" {
			t.Errorf("another address: %s", refused)
		}
		<-time.After(1500 * time.Millisecond)
		synctest.Wait()
		if _, refused := in(l, "a", 1); told != 1 || refused != "" {
			t.Errorf("%d were told; then %s", told, refused)
		}
		l.Close()
		if _, refused := in(l, "b", 1); told != 2 || refused == "" {
			t.Errorf("%d were told at the end; then %s", told, refused)
		}
		a[2].Hold(time.Hour, tell)
		if told != 3 {
			t.Error("after the end nobody is held")
		}
	})
}

func TestOfRefusedLoginsOfManyAddressesHalfOfThePlacesAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := gateway.NewLobby(100, 10, 10, 0)
		told := 0
		for i := range 20 {
			p, f := l.Enter(string(rune('a' + i)))
			if f != "" {
				t.Fatalf("address %d: %s", i, f)
			}
			p.Hold(time.Hour, func() { told++ })
		}
		if told != 15 {
			t.Errorf("%d were told, and 5 are held", told)
		}
		l.Close()
	})
}

func TestDescriptorsAreKeptForBackends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := gateway.NewLobby(100, 100, 100, 3)
		a, _ := in(l, "a", 2)
		a[0].Admit()
		a[1].Admit()
		if more, refused := in(l, "a", 2); len(more) != 1 || !strings.Contains(refused, "open files") {
			t.Errorf("%d more: %s", len(more), refused)
		}
	})
}

func TestEachRefusalOfAnAddressTakesLongerUpToABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := gateway.NewOffenders()
		for i, want := range []time.Duration{100, 200, 400, 800, 1600, 3000, 3000} {
			if got := o.Refused("a"); got != want*time.Millisecond {
				t.Errorf("refusal %d takes %v", i+1, got)
			}
		}
		if got := o.Refused("b"); got != 100*time.Millisecond {
			t.Errorf("another address: %v", got)
		}
		<-time.After(2 * time.Minute)
		if got := o.Refused("a"); got != 100*time.Millisecond {
			t.Errorf("after two minutes: %v", got)
		}
		for i := range 100000 {
			o.Refused(string(rune(i)))
		}
		if n := o.Known(); n > 10000 {
			t.Errorf("%d addresses are remembered", n)
		}
	})
}

func TestWhatHappensTooOftenIsToldOnceASecondAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateway.NewSeldom(time.Second)
		told := 0
		for range 1000 {
			if untold, ok := s.Tell(); ok {
				told += 1 + untold
			}
		}
		if told != 1 || s.Rest() != 0 {
			t.Errorf("%d told", told)
		}
		<-time.After(1100 * time.Millisecond)
		if rest := s.Rest(); rest != 999 {
			t.Errorf("%d are left to be told of", rest)
		}
		if rest := s.Rest(); rest != 0 {
			t.Errorf("%d are told of twice", rest)
		}
	})
}
