package unitofwork

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// settings that change what a value means that is sent, or the text of one that comes
// back, and what they must be.
var (
	inputSettings  = []setTo{{"array_nulls", "on"}}
	outputSettings = []setTo{{"datestyle", "ISO"}, {"intervalstyle", "postgres"}, {"extra_float_digits", "1"}, {"bytea_output", "hex"}}
)

type setTo struct{ name, value string }

// different are the settings that a session tells of itself and that must be others.
func different(c *pgconn.PgConn) []setTo {
	var all []setTo
	if encoding := c.ParameterStatus("client_encoding"); encoding != "" && encoding != "UTF8" {
		all = append(all, setTo{"client_encoding", "UTF8"})
	}
	if c.ParameterStatus("IntervalStyle") == "sql_standard" { // in which a sign is read for all that follows
		all = append(all, setTo{"intervalstyle", "postgres"})
	}
	return all
}

// setAll is a statement that has settings be so until the end of the transaction, and
// restoreAll one that makes them again what they were.
func setAll(all []setTo) string {
	var list []string
	for _, s := range all {
		list = append(list, fmt.Sprintf("set_config('unoactor.was_%[1]s', current_setting('%[1]s'), true), set_config('%[1]s', '%[2]s', true)", s.name, s.value))
	}
	return "select " + strings.Join(list, ", ")
}

func restoreAll(all []setTo) string {
	var list []string
	for _, s := range all {
		list = append(list, fmt.Sprintf("set_config('%[1]s', current_setting('unoactor.was_%[1]s'), true)", s.name))
	}
	return "select " + strings.Join(list, ", ")
}
