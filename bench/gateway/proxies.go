package gateway

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// startDaemon runs unoactor in front of the server. dir is for its topology.
func startDaemon(ctx context.Context, program, dir string, server int) (target, error) {
	port, err := freePort()
	if err != nil {
		return target{}, err
	}
	file := filepath.Join(dir, "topology.hcl")
	if err := os.WriteFile(file, []byte(topology(port, server)), 0o600); err != nil {
		return target{}, err
	}
	return start(ctx, Unoactor, port, exec.CommandContext(ctx, program, "run", "-f", file), nil)
}

func topology(listen, server int) string {
	return fmt.Sprintf(`
node "main" {
  host     = %[1]q
  port     = %[2]d
  user     = %[3]q
  database = %[4]q
  tls { mode = "disable" }
}
pool %[4]q {
  node         = node.main
  mode         = "transaction"
  size         = %[5]d
  max_overflow = 0
  min_idle     = %[5]d
}
gateway {
  listen        = "%[1]s:%[6]d"
  auth          = "trust"
  drain_timeout = "1s"
}
log { level = "warn" }
`, host, server, role, database, backends, listen)
}

// startPgBouncer runs PgBouncer in front of the server. dir is for its files;
// as root it runs as another account, since it refuses to be root's.
func startPgBouncer(ctx context.Context, program, dir string, server int) (target, error) {
	port, err := freePort()
	if err != nil {
		return target{}, err
	}
	as, err := unprivileged()
	if err != nil {
		return target{}, err
	}
	files := map[string]string{
		"userlist.txt":  fmt.Sprintf("%q \"\"\n", role),
		"pgbouncer.ini": pgbouncerSettings(port, server, filepath.Join(dir, "userlist.txt")),
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return target{}, err
		}
		if err := give(path, as); err != nil {
			return target{}, err
		}
	}
	if err := give(dir, as); err != nil {
		return target{}, err
	}
	return start(ctx, PgBouncer, port, exec.CommandContext(ctx, program, filepath.Join(dir, "pgbouncer.ini")), as)
}

func pgbouncerSettings(listen, server int, users string) string {
	return fmt.Sprintf(`
[databases]
%[4]s = host=%[1]s port=%[2]d user=%[3]s dbname=%[4]s

[pgbouncer]
listen_addr = %[1]s
listen_port = %[6]d
unix_socket_dir =
auth_type = trust
auth_file = %[7]s
pool_mode = transaction
default_pool_size = %[5]d
min_pool_size = %[5]d
max_client_conn = 2000
log_connections = 0
log_disconnections = 0
log_stats = 0
`, host, server, role, database, backends, listen, users)
}

// start runs a proxy and returns when it serves.
func start(ctx context.Context, name string, port int, cmd *exec.Cmd, as *syscall.Credential) (target, error) {
	p := ownSession(cmd, as)
	p.listen()
	t := target{name: name, port: port, process: p}
	if err := p.start(); err != nil {
		return target{}, fmt.Errorf("start %s: %w", name, err)
	}
	if err := t.await(ctx); err != nil {
		p.stop()
		return target{}, err
	}
	return t, nil
}

func give(path string, as *syscall.Credential) error {
	if as == nil {
		return nil
	}
	if err := os.Chown(path, int(as.Uid), int(as.Gid)); err != nil {
		return fmt.Errorf("give %s to account %s: %w", path, strconv.Itoa(int(as.Uid)), err)
	}
	return nil
}
