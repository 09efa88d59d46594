package twophase

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Name names a prepared transaction after its coordinator's transaction: it is to be
// committed if that one was, which the coordinator's server knows.
type Name struct {
	System string // the identity of the coordinator's server (system_identifier)
	Pool   string // the coordinator's, which tells apart servers that are copies of one
	XID    string // the coordinator's transaction there, of 64 bits
	Number int    // of the participant
}

const (
	prefix  = "unoactor:"
	longest = 199 // bytes, of PostgreSQL
)

// Like is the pattern, of SQL's LIKE, of all names.
const Like = prefix + "%"

// String is the name as PREPARE TRANSACTION takes it: at most 199 bytes, none of which needs
// quoting in a literal. A pool whose name is too long is cut, and then found by its server
// alone.
func (n Name) String() string {
	name := fmt.Sprintf("%s%s:%s:%d:%s", prefix, n.System, n.XID, n.Number, url.QueryEscape(n.Pool))
	return name[:min(len(name), longest)]
}

// Parse reads a name; ok is false for whatever String does not write.
func Parse(gid string) (n Name, ok bool) {
	rest, ours := strings.CutPrefix(gid, prefix)
	parts := strings.Split(rest, ":")
	if !ours || len(parts) != 4 || strings.ContainsFunc(gid, isForeign) {
		return Name{}, false
	}
	for _, p := range parts[:2] {
		if _, err := strconv.ParseUint(p, 10, 64); err != nil {
			return Name{}, false
		}
	}
	number, err := strconv.Atoi(parts[2])
	pool, _ := url.QueryUnescape(parts[3]) // one that was cut is no pool's
	return Name{System: parts[0], XID: parts[1], Number: number, Pool: pool}, err == nil
}

// isForeign says whether a rune is in no name of ours. Names become part of a statement, and
// whoever may connect can prepare something under a name that looks like one.
func isForeign(r rune) bool {
	ours := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(":-_.~%+", r)
	return !ours
}
