package unoactor

// AllOrNothing is what a refused text is judged by.
func AllOrNothing(sql string) bool { return allOrNothing(sql) }
