package sqltext

// phrase is what follows SET or RESET, token by token.
type phrase []Scanner

// assignments reads what follows SET, or RESET.
func (p phrase) assignments(reset bool) []Assignment {
	set := Assignment{Reset: reset, Literal: reset}
	if !reset && (p.begins("local") || p.begins("session")) && !p.begins("session", "authorization") && !p.begins("session", "characteristics") {
		set.Local = p.begins("local")
		p = p[1:]
	}
	switch {
	case p.begins("session", "characteristics", "as", "transaction"):
		return p[4:].modes(set, "default_")
	case p.begins("transaction", "snapshot"):
		set.Local = true
		return p[2:].value(set, "transaction_snapshot")
	case p.begins("transaction") && !reset:
		set.Local = true
		return p[1:].modes(set, "")
	case p.begins("transaction", "isolation", "level"):
		return p[3:].value(set, "transaction_isolation")
	case p.begins("constraints") && !reset:
		return nil
	case p.begins("time", "zone"):
		if len(p) == 3 && p[2].Is("local") {
			set.Reset, set.Literal = true, true
			p = p[:2]
		}
		return p[2:].value(set, "timezone")
	case p.begins("session", "authorization"):
		return p[2:].value(set, "session_authorization")
	case p.begins("xml", "option"):
		return p[2:].value(set, "xmloption")
	case p.begins("names") && !p.assigns(1):
		if len(p) == 1 {
			set.Reset, set.Literal = true, true
		}
		return p[1:].value(set, "client_encoding")
	case p.begins("schema") && !p.assigns(1):
		return p[1:].value(set, "search_path")
	case p.begins("role") && !p.assigns(1):
		return p[1:].value(set, "role")
	case reset && p.begins("all") && len(p) == 1:
		set.All = true
		return []Assignment{set}
	}
	name, n := p.name()
	if p.assigns(n) {
		return p[n+1:].value(set, name)
	}
	set.Literal = reset && n == len(p) && name != ""
	set.Name = name
	return []Assignment{set}
}

// begins says whether the phrase begins with these words.
func (p phrase) begins(words ...string) bool {
	if len(p) < len(words) {
		return false
	}
	for i, word := range words {
		if !p[i].Is(word) {
			return false
		}
	}
	return true
}

// assigns says whether TO or = is there.
func (p phrase) assigns(at int) bool {
	return at < len(p) && (p[at].Is("to") || p[at].Kind == Operator && string(p[at].Text()) == "=")
}

// name returns the name of a parameter that the phrase begins with, and how long that is.
func (p phrase) name() (name string, n int) {
	for n < len(p) {
		part, ok := p[n].Name()
		if !ok {
			return "", n
		}
		name += part
		if n++; n == len(p) || !p[n].IsSign('.') {
			break
		}
		name += "."
		n++
	}
	return lower([]byte(name)), n
}

// value completes an assignment by the phrase as the value, or the list of values.
func (p phrase) value(set Assignment, name string) []Assignment {
	set.Name = name
	switch {
	case set.Reset:
		set.Literal = len(p) == 0
	case len(p) == 1 && p[0].Is("default"):
		set.Reset, set.Literal = true, true
	default:
		set.Values, set.Literal = p.list()
	}
	return []Assignment{set}
}

// list decodes a list of values. It is false if one is more than a word or a constant, or another
// number than of digits and a point.
func (p phrase) list() (values []string, ok bool) {
	for len(p) > 0 {
		sign := ""
		if p[0].Kind == Operator && len(p) > 1 && p[1].Kind == Number {
			if sign = string(p[0].Text()); sign == "+" {
				sign = ""
			} else if sign != "-" {
				return nil, false
			}
			p = p[1:]
		}
		value, ok := p[0].Name()
		if !ok {
			value, ok = p[0].Value()
		}
		if p[0].Kind == Number {
			value, ok = sign+string(p[0].Text()), p[0].isDecimal()
		}
		if !ok || len(p) > 1 && !p[1].IsSign(',') || len(p) == 2 {
			return nil, false
		}
		values = append(values, value)
		p = p[min(2, len(p)):]
	}
	return values, len(values) > 0
}

// isDecimal says whether a number is written in digits and at most one point.
func (s *Scanner) isDecimal() bool {
	for _, c := range s.Text() {
		if classes[c]&digit == 0 && c != '.' {
			return false
		}
	}
	return true
}

// modes reads the modes of a transaction, each of which is a parameter whose name begins with prefix.
func (p phrase) modes(set Assignment, prefix string) (all []Assignment) {
	set.Literal = true
	for len(p) > 0 {
		name, value, n := "", "", 0
		switch {
		case p.begins("isolation", "level", "serializable"):
			name, value, n = "transaction_isolation", "serializable", 3
		case p.begins("isolation", "level", "repeatable", "read"):
			name, value, n = "transaction_isolation", "repeatable read", 4
		case p.begins("isolation", "level", "read", "committed"):
			name, value, n = "transaction_isolation", "read committed", 4
		case p.begins("isolation", "level", "read", "uncommitted"):
			name, value, n = "transaction_isolation", "read uncommitted", 4
		case p.begins("read", "only"):
			name, value, n = "transaction_read_only", "on", 2
		case p.begins("read", "write"):
			name, value, n = "transaction_read_only", "off", 2
		case p.begins("deferrable"):
			name, value, n = "transaction_deferrable", "on", 1
		case p.begins("not", "deferrable"):
			name, value, n = "transaction_deferrable", "off", 2
		default:
			set.Name, set.Literal = "", false
			return append(all, set)
		}
		set.Name, set.Values = prefix+name, []string{value}
		all = append(all, set)
		if p = p[n:]; len(p) > 1 && p[0].IsSign(',') {
			p = p[1:]
		}
	}
	if len(all) == 0 {
		set.Literal = false
		all = append(all, set)
	}
	return all
}
