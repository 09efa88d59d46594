package testkit_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestAServerAnswersAndSurvivesARestart(t *testing.T) {
	s := testkit.Postgres(t)
	for range 2 {
		conn, err := pgx.Connect(t.Context(), s.URL(""))
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		conn.Close(t.Context())
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
