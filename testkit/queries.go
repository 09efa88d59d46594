package testkit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ApplicationName is what the kit's own connections call themselves; Backends
// and TerminateBackends leave them out.
const ApplicationName = "unoactor-testkit"

// connect opens a connection of the superuser through the Unix socket, where
// no password and no test's limits on TCP are in the way.
func (s *Server) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		return nil, err
	}
	if database == "" {
		database = superuser
	}
	config.Host, config.Port = s.dir, uint16(s.port)
	config.User, config.Password, config.Database = superuser, "", database
	config.Fallbacks = nil
	config.TLSConfig = nil
	config.RuntimeParams = map[string]string{"application_name": ApplicationName}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	return pgx.ConnectConfig(ctx, config)
}

// Exec runs SQL, several statements if wanted, as the superuser on a connection
// of its own. database "" means "postgres".
func (s *Server) Exec(ctx context.Context, database, sql string) error {
	conn, err := s.connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// QueryValue runs a query as the superuser and returns the first column of its
// first row as text; "" for NULL and for no row.
func (s *Server) QueryValue(ctx context.Context, database, sql string) (string, error) {
	conn, err := s.connect(ctx, database)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", err
	}
	for _, result := range results {
		if len(result.Rows) > 0 && len(result.Rows[0]) > 0 {
			return string(result.Rows[0][0]), nil
		}
	}
	return "", nil
}

// CreateDatabase makes an empty database.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	return s.Exec(ctx, "", "CREATE DATABASE "+quoteName(name))
}

// DropDatabase removes a database, ending the sessions that are in it.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	return s.Exec(ctx, "", "DROP DATABASE IF EXISTS "+quoteName(name)+" WITH (FORCE)")
}

// BackendInfo is a row of pg_stat_activity: a server process with a client.
type BackendInfo struct {
	PID           uint32
	Database      string
	User          string
	Application   string
	State         string // active, idle, idle in transaction, ...
	WaitEvent     string // "" when it does not wait
	Query         string // the running one, or the last
	Started       time.Time
	InTransaction bool
}

// String is one line for a failing test to show.
func (b BackendInfo) String() string {
	return fmt.Sprintf("pid %d %s@%s app %q %s wait %q: %s",
		b.PID, b.User, b.Database, b.Application, b.State, b.WaitEvent, b.Query)
}

const clientBackends = ` FROM pg_stat_activity WHERE backend_type = 'client backend'
	AND pid <> pg_backend_pid() AND application_name <> '` + ApplicationName + `'`

// condition is an SQL condition on pg_stat_activity, "" for none.
func condition(where string) string {
	if strings.TrimSpace(where) == "" {
		return clientBackends
	}
	return clientBackends + " AND (" + where + ")"
}

// Backends lists the server's client backends, oldest first, without the kit's
// own. where is a condition on pg_stat_activity such as
// "application_name = 'shop' AND state = 'idle'"; "" means all.
func (s *Server) Backends(ctx context.Context, where string) ([]BackendInfo, error) {
	conn, err := s.connect(ctx, "")
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT pid::int8, coalesce(datname, ''), coalesce(usename, ''), coalesce(application_name, ''),
		coalesce(state, ''), coalesce(wait_event, ''), coalesce(query, ''), backend_start, xact_start IS NOT NULL`+
		condition(where)+" ORDER BY backend_start, pid")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[BackendInfo])
}

// TerminateBackends ends the backends that match, by pg_terminate_backend, and
// returns how many were signalled. It waits up to five seconds for each to be
// gone.
func (s *Server) TerminateBackends(ctx context.Context, where string) (int, error) {
	text, err := s.QueryValue(ctx, "",
		"SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000))"+condition(where))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

func quoteName(name string) string { return pgx.Identifier{name}.Sanitize() }

// quoteLiteral relies on standard_conforming_strings, on since PostgreSQL 9.1.
func quoteLiteral(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// IsSQLState says whether err carries the SQLSTATE, such as "57P01".
func IsSQLState(err error, code string) bool {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && failure.Code == code
}
