package docs_test

import (
	"testing"

	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
