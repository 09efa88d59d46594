package config

import "slices"

// mask stars the secrets in a line, which begins at byte begin of its file, and
// moves a span of the line along with what is before it.
func mask(line []byte, begin int, secrets []stretch, at span) ([]byte, span) {
	secrets = slices.Clone(secrets)
	slices.SortFunc(secrets, func(a, b stretch) int { return a.from - b.from })
	var out []byte
	moved, done := span{line: at.line, from: -1, to: -1}, 0
	copyTo := func(end int) { // what is shown as it is
		if at.from >= done && at.from < end {
			moved.from = len(out) + at.from - done
		}
		if at.to > done && at.to <= end {
			moved.to = len(out) + at.to - done
		}
		out = append(out, line[done:end]...)
		done = end
	}
	for _, s := range secrets {
		from, to := max(s.from-begin, done), min(s.to-begin, len(line))
		if from >= to {
			continue
		}
		copyTo(from)
		if at.from >= from && at.from < to {
			moved.from = len(out)
		}
		out = append(out, masked...)
		if at.to > from && at.to <= to {
			moved.to = len(out)
		}
		done = to
	}
	copyTo(len(line))
	if moved.from < 0 || moved.to < 0 {
		moved.from, moved.to = 0, 0
	}
	return out, moved
}
