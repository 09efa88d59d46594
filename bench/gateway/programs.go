package gateway

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/unoactor/unoactor/testkit"
)

// programs are the paths of what others wrote.
type programs struct{ pgbench, pgbouncer string }

// MissingError says that a program that the comparison needs is not installed.
type MissingError struct {
	Program string
	Advice  string // what to type
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is not installed: %s", e.Program, e.Advice)
}

// Missing is an error made of one *MissingError a program that is not there;
// nil if all are.
func Missing() error {
	_, err := findPrograms()
	return err
}

// findPrograms looks where packages install: pgbench lies beside the server's
// programs, PgBouncer where not everybody's PATH leads.
func findPrograms() (programs, error) {
	var p programs
	var errs []error
	server, err := testkit.FindPostgres()
	errs = append(errs, err)
	if p.pgbench = find("pgbench", server); p.pgbench == "" {
		errs = append(errs, &MissingError{"pgbench", "apt-get install postgresql-contrib, or brew install postgresql"})
	}
	if p.pgbouncer = find("pgbouncer", "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"); p.pgbouncer == "" {
		errs = append(errs, &MissingError{"pgbouncer", "apt-get install pgbouncer, or brew install pgbouncer"})
	}
	return p, errors.Join(errs...)
}

// find looks in the places, then in PATH, where Debian has a wrapper for some.
func find(program string, places ...string) string {
	for _, candidate := range append(inEach(places, program), program) {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	return ""
}

func inEach(dirs []string, program string) []string {
	var paths []string
	for _, dir := range dirs {
		if dir != "" {
			paths = append(paths, filepath.Join(dir, program))
		}
	}
	return paths
}

// Versions are those of the programs that are there, by their names.
func Versions() map[string]string {
	p, _ := findPrograms() // those that are missing have no version
	versions := make(map[string]string)
	for name, path := range map[string]string{"pgbench": p.pgbench, "pgbouncer": p.pgbouncer} {
		if path == "" {
			continue
		}
		if out, err := exec.Command(path, "--version").Output(); err == nil {
			versions[name] = version(string(out))
		}
	}
	return versions
}

// version is the first word that begins with a digit, else all of it.
func version(text string) string {
	for _, word := range strings.Fields(text) {
		if word[0] >= '0' && word[0] <= '9' {
			return word
		}
	}
	return strings.TrimSpace(text)
}
