package gateway_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway"
)

// socketed is a gateway that listens in a folder, and the path of its socket.
func socketed(t *testing.T, dir, address string, change func(*config.Gateway)) (*gateway.Server, string, error) {
	t.Helper()
	g := config.Topology{Gateway: config.Gateway{Listen: []string{address}, Auth: config.Trust, Socket: dir}}
	if change != nil {
		change(&g.Gateway)
	}
	s, err := gateway.New(gateway.Options{Config: g.Complete().Gateway})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		return nil, "", err
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		if err := errors.Join(s.Shutdown(context.Background()), <-served); err != nil {
			t.Error(err)
		}
	})
	_, port, _ := net.SplitHostPort(s.Addr().String())
	return s, filepath.Join(dir, ".s.PGSQL."+port), nil
}

// vacant is an address with a port that is free, and the name of its socket.
func vacant(t *testing.T) (address, name string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return l.Addr().String(), ".s.PGSQL." + port
}

func TestTheUnixSocketHasTheModeAndTheGroupThatAreSet(t *testing.T) {
	groups, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	gid := os.Getgid()
	if len(groups) > 0 {
		gid = groups[len(groups)-1]
	}
	if os.Getuid() == 0 {
		gid = 1 // root gives files to any group
	}
	group, err := user.LookupGroupId(strconv.Itoa(gid))
	if err != nil {
		t.Skipf("the group %d has no name: %v", gid, err)
	}
	for _, c := range []struct {
		change func(*config.Gateway)
		mode   fs.FileMode
		gid    int
	}{
		{nil, 0o700, -1}, // trust
		{func(g *config.Gateway) { g.Auth, g.Users = config.SCRAM, []config.User{{Name: "a", Password: "b"}} }, 0o777, -1},
		{func(g *config.Gateway) { g.SocketMode = "0660" }, 0o660, -1},
		{func(g *config.Gateway) { g.SocketMode, g.SocketGroup = "0770", group.Name }, 0o770, gid},
		{func(g *config.Gateway) { g.SocketGroup = group.Gid }, 0o700, gid},
	} {
		_, path, err := socketed(t, t.TempDir(), "127.0.0.1:0", c.change)
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := file.Mode(); got.Perm() != c.mode || got.Type() != fs.ModeSocket {
			t.Errorf("%v, not %v", got, c.mode)
		}
		if got := int(file.Sys().(*syscall.Stat_t).Gid); c.gid >= 0 && got != c.gid {
			t.Errorf("group %d, not %d", got, c.gid)
		}
	}
	_, _, err = socketed(t, t.TempDir(), "127.0.0.1:0", func(g *config.Gateway) { g.SocketGroup = "no-such-group" })
	if err == nil || !strings.Contains(err.Error(), `no group "no-such-group"`) {
		t.Errorf("got %v", err)
	}
}

func TestOnlyADeadSocketIsReplaced(t *testing.T) {
	t.Run("a regular file", func(t *testing.T) {
		address, name := vacant(t)
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := socketed(t, filepath.Dir(path), address, nil)
		if err == nil || !strings.Contains(err.Error(), "no socket") {
			t.Errorf("got %v", err)
		}
		if content, err := os.ReadFile(path); err != nil || string(content) != "precious" {
			t.Errorf("%q, %v", content, err)
		}
	})
	t.Run("a link to a regular file", func(t *testing.T) {
		address, name := vacant(t)
		dir := t.TempDir()
		if err := errors.Join(os.WriteFile(filepath.Join(dir, "file"), nil, 0o600), os.Symlink("file", filepath.Join(dir, name))); err != nil {
			t.Fatal(err)
		}
		if _, _, err := socketed(t, dir, address, nil); err == nil {
			t.Error("it is replaced")
		}
	})
	t.Run("a socket that somebody listens on", func(t *testing.T) {
		address, name := vacant(t)
		path := filepath.Join(t.TempDir(), name)
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, _, err = socketed(t, filepath.Dir(path), address, nil)
		if err == nil || !strings.Contains(err.Error(), "another process listens there already") {
			t.Errorf("got %v", err)
		}
		if c, err := net.Dial("unix", path); err != nil {
			t.Errorf("it is gone: %v", err)
		} else {
			_ = c.Close()
		}
	})
	t.Run("a dead socket", func(t *testing.T) {
		address, name := vacant(t)
		path := filepath.Join(t.TempDir(), name)
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		_ = l.Close()
		_, got, err := socketed(t, filepath.Dir(path), address, nil)
		if err != nil || got != path {
			t.Fatalf("%s, %v", got, err)
		}
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	})
	t.Run("at the end, a socket that is another's by now", func(t *testing.T) {
		s, path, err := socketed(t, t.TempDir(), "127.0.0.1:0", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if c, err := net.Dial("unix", path); err != nil {
			t.Errorf("it is gone: %v", err)
		} else {
			_ = c.Close()
		}
	})
	t.Run("at the end, its own", func(t *testing.T) {
		s, path, err := socketed(t, t.TempDir(), "127.0.0.1:0", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it is left: %v", err)
		}
	})
}
