package testkit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// superuser is the role that every data directory starts with.
const superuser = "postgres"

var initdbArguments = []string{
	"--username=" + superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
	"--wal-segsize=1", // MiB: the first segment is most of what there is to copy
}

// templates serialises the making of templates within this process; other
// processes are kept apart by an atomic rename.
var templates sync.Mutex

// makeData creates a fresh data directory at data. initdb takes a second or
// more, so its result is kept per PostgreSQL version in the user's cache
// directory and copied; without such a directory, initdb runs each time.
func makeData(ctx context.Context, bin string, who account, data string) error {
	template, err := templatePath(ctx, bin)
	if err != nil {
		return err
	}
	if template == "" {
		return initdb(ctx, bin, who, data)
	}
	// The account may write next to data, unlike in the cache of root.
	if err := ensureTemplate(ctx, bin, who, template, data+".new"); err != nil {
		return err
	}
	if err := copyTree(template, data, who); err != nil {
		return fmt.Errorf("copy the data directory's template (remove %s if it is damaged): %w", template, err)
	}
	return nil
}

func templatePath(ctx context.Context, bin string) (string, error) {
	version, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s/postgres --version: %w", bin, err)
	}
	cache, err := os.UserCacheDir()
	if err != nil || !filepath.IsAbs(cache) {
		return "", nil
	}
	key := sha256.Sum256([]byte(bin + "\n" + string(version) + "\n" + strings.Join(initdbArguments, " ")))
	return filepath.Join(cache, "unoactor", "initdb-"+hex.EncodeToString(key[:8])), nil
}

func ensureTemplate(ctx context.Context, bin string, who account, template, made string) error {
	templates.Lock()
	defer templates.Unlock()
	if _, err := os.Stat(filepath.Join(template, "PG_VERSION")); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(template), 0o700); err != nil {
		return err
	}
	if err := removeOldDrafts(filepath.Dir(template)); err != nil {
		return err
	}
	if err := initdb(ctx, bin, who, made); err != nil {
		return err
	}
	defer os.RemoveAll(made)
	draft, err := os.MkdirTemp(filepath.Dir(template), "draft-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(draft)
	copied := filepath.Join(draft, "data")
	if err := copyTree(made, copied, account{}); err != nil {
		return err
	}
	if err := os.Rename(copied, template); err != nil {
		if _, statErr := os.Stat(filepath.Join(template, "PG_VERSION")); statErr == nil {
			return nil // another process was first
		}
		return err
	}
	return nil
}

// removeOldDrafts removes what processes that were killed while they made a
// template left behind.
func removeOldDrafts(dir string) error {
	drafts, err := filepath.Glob(filepath.Join(dir, "draft-*"))
	if err != nil {
		return err
	}
	for _, draft := range drafts {
		if info, err := os.Stat(draft); err == nil && time.Since(info.ModTime()) > time.Hour {
			if err := os.RemoveAll(draft); err != nil {
				return err
			}
		}
	}
	return nil
}

func initdb(ctx context.Context, bin string, who account, data string) error {
	arguments := append([]string{"--pgdata=" + data}, initdbArguments...)
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), arguments...)
	cmd.SysProcAttr = who.processAttributes()
	cmd.Dir = filepath.Dir(data)
	cmd.Env = serverEnvironment()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// serverEnvironment is the caller's without the variables that would change
// what a PostgreSQL program does.
func serverEnvironment() []string {
	var kept []string
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); !strings.HasPrefix(name, "PG") && !strings.HasPrefix(name, "LC_") && name != "LANG" {
			kept = append(kept, entry)
		}
	}
	return append(kept, "LC_ALL=C")
}

// copyTree copies files and directories with their modes, for the account.
// A data directory without tablespaces holds nothing else.
func copyTree(from, to string, who account) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if entry.IsDir() {
			err = os.Mkdir(target, info.Mode().Perm())
		} else {
			err = copyFile(path, target, info.Mode().Perm())
		}
		if err != nil {
			return err
		}
		return who.own(target)
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
