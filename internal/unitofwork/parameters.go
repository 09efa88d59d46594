package unitofwork

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// The parameters that change what a value means that is sent, or the text of one that comes
// back, with the values that the unit of work needs.
var (
	inputParameters  = []parameter{{"array_nulls", "on"}}
	outputParameters = []parameter{{"datestyle", "ISO"}, {"intervalstyle", "postgres"}, {"extra_float_digits", "1"}, {"bytea_output", "hex"}}
)

// parameter is a run-time parameter of the server with a value.
type parameter struct{ name, value string }

// different returns the parameters that the server reports by itself and that must have other
// values.
func different(c *pgconn.PgConn) []parameter {
	var all []parameter
	if encoding := c.ParameterStatus("client_encoding"); encoding != "" && encoding != "UTF8" {
		all = append(all, parameter{"client_encoding", "UTF8"})
	}
	if c.ParameterStatus("IntervalStyle") == "sql_standard" { // in which a sign is read for all that follows
		all = append(all, parameter{"intervalstyle", "postgres"})
	}
	return all
}

// setAll returns a statement that sets parameters until the end of the transaction, and keeps
// what they were.
func setAll(all []parameter) string {
	var list []string
	for _, s := range all {
		list = append(list, fmt.Sprintf("set_config('unoactor.was_%[1]s', current_setting('%[1]s'), true), set_config('%[1]s', '%[2]s', true)", s.name, s.value))
	}
	return "select " + strings.Join(list, ", ")
}

// restoreAll returns a statement that sets parameters to what they were before setAll.
func restoreAll(all []parameter) string {
	var list []string
	for _, s := range all {
		list = append(list, fmt.Sprintf("set_config('%[1]s', current_setting('unoactor.was_%[1]s'), true)", s.name))
	}
	return "select " + strings.Join(list, ", ")
}
