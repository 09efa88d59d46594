package testkit

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// BinEnv names the environment variable that says where PostgreSQL's server
// programs are, ahead of every other place.
const BinEnv = "UNOACTOR_PG_BIN"

// ErrNoPostgres is wrapped by what [FindPostgres] returns when no server is
// installed; the full error says what to type.
var ErrNoPostgres = errors.New("PostgreSQL server programs not found")

// needed are the programs that a directory must hold to be of use.
var needed = []string{"postgres", "initdb"}

// packaged are the places where packages put server programs that they keep
// out of PATH. Scripts of this repository look in the same places.
var packaged = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
}

// FindPostgres returns the directory of PostgreSQL's server programs: the one
// that UNOACTOR_PG_BIN names, else the one that PATH leads to (symbolic links
// followed), else the newest of those that packages install. A variable that
// names a wrong directory is an error, never ignored.
func FindPostgres() (string, error) {
	if dir := os.Getenv(BinEnv); dir != "" {
		if missing := missingFrom(dir); missing != "" {
			return "", fmt.Errorf("%s=%s: no program %q there: %w", BinEnv, dir, missing, ErrNoPostgres)
		}
		return dir, nil
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil && missingFrom(filepath.Dir(real)) == "" {
			return filepath.Dir(real), nil
		}
	}
	if dir := newest(packaged); dir != "" {
		return dir, nil
	}
	return "", fmt.Errorf("%w in $%s, in PATH and in %s; install one with: %s",
		ErrNoPostgres, BinEnv, strings.Join(packaged, ", "), installHint())
}

func missingFrom(dir string) string {
	for _, name := range needed {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return name
		}
	}
	return ""
}

// newest returns the usable directory with the highest version in its name.
// The unversioned formula of Homebrew counts as the lowest.
func newest(patterns []string) string {
	var found []string
	for _, pattern := range patterns {
		matches, _ := filepath.Glob(pattern) // the patterns are constants and well-formed
		for _, dir := range matches {
			if missingFrom(dir) == "" {
				found = append(found, dir)
			}
		}
	}
	if len(found) == 0 {
		return ""
	}
	return slices.MaxFunc(found, func(a, b string) int {
		return versionIn(a) - versionIn(b)
	})
}

var versionPattern = regexp.MustCompile(`(\d+)(?:\.\d+)?/bin$`)

func versionIn(dir string) int {
	m := versionPattern.FindStringSubmatch(dir)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

func installHint() string {
	if runtime.GOOS == "darwin" {
		return "brew install postgresql"
	}
	if _, err := exec.LookPath("apt-get"); err == nil {
		return "sudo apt-get install postgresql"
	}
	if _, err := exec.LookPath("dnf"); err == nil {
		return "sudo dnf install postgresql-server"
	}
	return "your system's package manager (the package is usually called postgresql or postgresql-server)"
}
