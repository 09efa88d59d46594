package testkit

// SetPackagedPlaces makes FindPostgres look elsewhere until restore is called.
func SetPackagedPlaces(patterns ...string) (restore func()) {
	before := packaged
	packaged = patterns
	return func() { packaged = before }
}

// ServerFamily lists the processes of a running server.
func ServerFamily(s *Server) ([]int, error) { return family(s.PID(), s.data()) }

// Alive says whether the process exists and was not merely left uncollected.
func Alive(pid int) bool {
	table, err := processes()
	if err != nil {
		return true
	}
	for _, p := range table {
		if p.pid == pid {
			return p.state != 'Z'
		}
	}
	return false
}

// StatFields parses a line of /proc/<pid>/stat.
func StatFields(line string) (pid, parent int, state byte, program string, ok bool) {
	p, ok := parseStat(line)
	return p.pid, p.parent, p.state, p.program, ok
}

// ControlOf is what a sandbox takes a text for.
func ControlOf(sql string) int { return int(controlOf(sql)) }
