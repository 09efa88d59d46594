package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
)

func TestASecretPrintsAsStarsWithEveryVerb(t *testing.T) {
	const secret = config.Secret("hunter2")
	node := config.Node{Name: "n", Password: secret}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%o", "%10.3s", "%T|%[1]v", "%!"} {
		for _, v := range []any{secret, &node, node, []config.Secret{secret}, map[string]config.Secret{"a": secret}, fmt.Errorf("wrapped: %v", secret)} {
			got := fmt.Sprintf(verb, v)
			if strings.Contains(got, "hunter") || strings.Contains(strings.ToLower(got), "68756e746572") || strings.Contains(got, "U+0068") {
				t.Errorf("%s of %T: %s", verb, v, got)
			}
		}
	}
	if got := fmt.Sprint(secret) + fmt.Sprintf("%#v", secret) + secret.String(); got != `********"********"********` {
		t.Errorf("got %s", got)
	}
	if got := fmt.Sprint(config.Secret("")); got != "" {
		t.Errorf("no secret prints as %s", got)
	}
	if secret.Reveal() != "hunter2" {
		t.Error("Reveal doesn't")
	}
}

func TestEncodersAndLogsGetStars(t *testing.T) {
	node := config.Node{Name: "n", Password: "hunter2"}
	encoded, err := json.Marshal(map[string]any{"node": node, "secret": node.Password})
	if err != nil || strings.Contains(string(encoded), "hunter2") || !strings.Contains(string(encoded), `"********"`) {
		t.Errorf("%s, %v", encoded, err)
	}
	var out bytes.Buffer
	for _, asJSON := range []bool{false, true} {
		log := hclog.New(&hclog.LoggerOptions{Output: &out, JSONFormat: asJSON})
		log.Info("message", "secret", node.Password, "node", node, "pointer", &node, "formatted", hclog.Fmt("%x", node.Password))
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("message", "secret", node.Password, "node", node)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("message", "secret", node.Password, "node", node)
	if strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), "68756e74") || strings.Count(out.String(), "********") < 8 {
		t.Errorf("logged:\n%s", out.String())
	}
}
