package wire_test

import (
	"maps"
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// As PostgreSQL has it: the parameters come after the options, and both are bytes.
func TestWhatAStartUpPacketAsksFor(t *testing.T) {
	for range 20 { // the order of a map
		got, err := wire.Startup{Parameters: map[string]string{"options": "-c application_name=a -c datestyle=iso", "application_name": "b", "user": "dev"}}.Wanted()
		if want := map[string]string{"application_name": "b", "datestyle": "iso"}; err != nil || !maps.Equal(got, want) {
			t.Fatalf("%q, %v", got, err)
		}
	}
	got, err := wire.Startup{Parameters: map[string]string{"options": "-c app.name=\xe9t\xe9\\ x"}}.Wanted()
	if err != nil || got["app.name"] != "\xe9t\xe9 x" {
		t.Errorf("%q, %v", got, err)
	}
}
