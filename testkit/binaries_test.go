package testkit_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/testkit"
)

// fakeInstallation makes a directory that looks like one of server programs.
func fakeInstallation(t *testing.T, dir string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func realPath(t *testing.T, path string) string {
	t.Helper()
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return real
}

func TestFindPostgresPrefersTheVariableThenPathThenTheNewestPackage(t *testing.T) {
	root := realPath(t, t.TempDir())
	named := fakeInstallation(t, filepath.Join(root, "named"))
	linked := fakeInstallation(t, filepath.Join(root, "linked", "bin"))
	fakeInstallation(t, filepath.Join(root, "pkg", "9", "bin"))
	newest := fakeInstallation(t, filepath.Join(root, "pkg", "17", "bin"))
	t.Cleanup(testkit.SetPackagedPlaces(filepath.Join(root, "pkg", "*", "bin")))
	links := filepath.Join(root, "links")
	if err := os.Mkdir(links, 0o755); err != nil {
		t.Fatal(err)
	}
	// Only postgres is linked, as some systems do: initdb is beside the real one.
	if err := os.Symlink(filepath.Join(linked, "postgres"), filepath.Join(links, "postgres")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ variable, path, want string }{
		{named, links, named},
		{"", links, linked},
		{"", root, newest},
	} {
		t.Setenv(testkit.BinEnv, c.variable)
		t.Setenv("PATH", c.path)
		if got, err := testkit.FindPostgres(); err != nil || got != c.want {
			t.Errorf("%s=%q PATH=%q: got %q, %v; want %q", testkit.BinEnv, c.variable, c.path, got, err, c.want)
		}
	}
}

func TestAWrongVariableIsAnErrorEvenWhenPathWouldDo(t *testing.T) {
	t.Setenv(testkit.BinEnv, t.TempDir())
	_, err := testkit.FindPostgres()
	if !errors.Is(err, testkit.ErrNoPostgres) || !strings.Contains(err.Error(), testkit.BinEnv) {
		t.Errorf("got %v", err)
	}
}

func TestWithoutPostgresTheErrorSaysWhatToType(t *testing.T) {
	t.Setenv(testkit.BinEnv, "")
	t.Setenv("PATH", t.TempDir())
	t.Cleanup(testkit.SetPackagedPlaces())
	_, err := testkit.FindPostgres()
	if !errors.Is(err, testkit.ErrNoPostgres) || !strings.Contains(err.Error(), "install") {
		t.Errorf("got %v", err)
	}
}
