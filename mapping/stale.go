package mapping

import "fmt"

// StaleObjectError is an object whose statement found no row: deleted by somebody else
// since it was read, out of sight, or kept from the statement by a trigger.
type StaleObjectError struct {
	Operation Operation
	Table     string
	Key       string // SQL literals
	There     bool   // the row can be read all the same
}

func (e *StaleObjectError) Error() string {
	what := "no such row any more: somebody else deleted it since it was read"
	switch {
	case e.Operation == Insert:
		what = "nothing was inserted: a trigger (BEFORE INSERT) or a rule of the table skipped the row"
	case e.There:
		what = "the row is there and was left alone: a trigger (BEFORE " + map[Operation]string{Update: "UPDATE", Delete: "DELETE"}[e.Operation] +
			"), a rule or a row security policy of the table skipped it"
	}
	if e.Key == "" {
		return fmt.Sprintf("%s %s: %s", e.Operation, e.Table, what)
	}
	return fmt.Sprintf("%s %s (%s): %s", e.Operation, e.Table, e.Key, what)
}
