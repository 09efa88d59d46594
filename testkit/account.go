package testkit

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// account is whom the server's processes run as. PostgreSQL refuses to run as
// root, so root lends it an unprivileged account; anybody else is fit already.
type account struct {
	name       string
	credential *syscall.Credential // nil: the caller's own
}

func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr != nil || gidErr != nil || uid == 0 {
			continue
		}
		return account{name, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return account{}, fmt.Errorf("run PostgreSQL as root: it refuses to, and neither user postgres nor nobody exists to lend it; " +
		"create one with: useradd --system postgres")
}

// own makes path belong to the account.
func (a account) own(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Lchown(path, int(a.credential.Uid), int(a.credential.Gid))
}

// processAttributes put a server process into a session of its own, so that a
// Ctrl-C in the terminal reaches the test and not the server behind its back.
func (a account) processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Credential: a.credential}
}

// makeDirectory creates a directory that only the account can enter, in the
// temporary directory or, where the account could not reach that or a Unix
// socket's path would become too long, in /tmp.
func (a account) makeDirectory() (string, error) {
	parent := os.TempDir()
	if len(parent) > maxTempDir || (a.credential != nil && !everyoneMayEnter(parent)) {
		parent = "/tmp"
	}
	// Resolved, to be comparable with what the kernel says of a process.
	parent, err := filepath.EvalSymlinks(parent)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, "unoactor-pg-")
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(dir, "'\n") {
		_ = os.Remove(dir) // it is empty, and the error below says more
		return "", fmt.Errorf("temporary directory %q: a quote or a newline in its name; set TMPDIR to another one", dir)
	}
	if err := a.own(dir); err != nil {
		_ = os.Remove(dir) // the error below says more
		return "", err
	}
	return dir, nil
}

// maxTempDir keeps <temp>/unoactor-pg-0123456789/.s.PGSQL.65535.lock below the
// 104 bytes that the strictest kernel allows a socket's path.
const maxTempDir = 55

func everyoneMayEnter(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
		dir = filepath.Dir(dir)
	}
}
