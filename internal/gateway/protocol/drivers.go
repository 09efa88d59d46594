package protocol

import (
	"bytes"
	"strings"

	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// driver is a client library, known by how it names prepared statements, and what to set in it so
// that it needs none.
type driver struct {
	mark     string // in the message that fails in the place of a Parse
	prefixes []string
	hint     string
}

var drivers = []driver{
	{"pgjdbc", []string{"S_"}, `pgjdbc: set prepareThreshold=0; with autosave=always or conservative, whose savepoints are named statements whatever that is, set preferQueryMode=simple.`},
	{"asyncpg", []string{"__asyncpg_"}, `asyncpg: set statement_cache_size=0 (SQLAlchemy: prepared_statement_cache_size=0 as well), and give prepare() the name "". ` +
		`Its cursors, copy_records_to_table() and copy_from_query() with arguments need named statements all the same.`},
	{"psycopg", []string{"_pg3_"}, `psycopg: set prepare_threshold=None on the connection, and leave out prepare=True.`},
	{"pgx", []string{"stmtcache_", "stmt_", "lrupsc_"}, `pgx: set default_query_exec_mode=exec (or simple_protocol), and don't call Prepare.`},
	{"npgsql", []string{"_p", "_auto"}, `Npgsql: set Max Auto Prepare=0, and don't call Prepare().`},
	{"pdo", []string{"pdo_stmt_"}, `PDO: set PDO::ATTR_EMULATE_PREPARES (or PDO::PGSQL_ATTR_DISABLE_PREPARES) to true.`},
	{"sqlx", []string{"sqlx_s_"}, `sqlx: set statement_cache_capacity(0) and persistent(false).`},
	{"rails", []string{"a"}, `Rails: set prepared_statements: false in database.yml.`},
	{"tokio", []string{"s"}, `tokio-postgres: use query_typed() or simple_query(), which prepare nothing.`},
}

const anyDriver = `Have the client use unnamed statements (JDBC: prepareThreshold=0, psycopg: prepare_threshold=None, asyncpg: statement_cache_size=0, ` +
	`pgx: default_query_exec_mode=exec, Npgsql: Max Auto Prepare=0, Rails: prepared_statements: false, node-postgres: no name in the query).`

const sessionServes = ` Or set mode = "session" for the pool, where everything works as without the gateway.`

// nameOf says whose way of naming a statement it is: all but Npgsql's and asyncpg's are a prefix and a number.
func nameOf(statement []byte) *driver {
	for i, d := range drivers {
		for _, prefix := range d.prefixes {
			rest, ok := bytes.CutPrefix(statement, []byte(prefix))
			if ok && (len(prefix) > 2 || len(rest) > 0 && len(bytes.Trim(rest, "0123456789")) == 0) {
				return &drivers[i]
			}
		}
	}
	return nil
}

// refusedParseOf is what is sent in the place of a Parse of a named statement.
func refusedParseOf(statement []byte) []byte {
	mark := namedMark
	if d := nameOf(statement); d != nil {
		mark += "_" + d.mark
	}
	// It has a name, so that the unnamed statement stays.
	return wire.Append(nil, wire.Parse, []byte("unoactor\x00"), []byte(mark), []byte{0, 0, 0})
}

// namedRefused is what the client is told, by the server's error about the mark.
func namedRefused(body []byte) *wire.Error {
	f := *errNamedStatement
	f.Hint = anyDriver + sessionServes
	_, rest, _ := strings.Cut(string(body), namedMark+"_")
	for _, d := range drivers {
		if strings.HasPrefix(rest, d.mark) {
			f.Hint = d.hint + sessionServes
		}
	}
	return &f
}
