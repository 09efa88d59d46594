package unoactor

// GlobalID names a participant's transaction after its coordinator's.
func GlobalID(system, pool, xid string, number int) string {
	return globalID{system: system, pool: pool, xid: xid, number: number}.String()
}

// ParseGlobalID reads such a name.
func ParseGlobalID(gid string) (system, pool, xid string, number int, ok bool) {
	id, ok := parseGlobalID(gid)
	return id.system, id.pool, id.xid, id.number, ok
}
