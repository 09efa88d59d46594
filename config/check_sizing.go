package config

// sizing looks at dynamic sizing, when it is on.
func (k *checker) sizing(p Pool, what string) {
	s := p.Sizing
	switch {
	case s.Step == 0:
		unused(k, p.Source, what, "sizing", sizingSettings, s, "step", "2")
		return
	case s.Step < 0 || s.Step > maxBackends:
		k.wrong(p.Source, "sizing.step", what, "", "want a number from 0 to %d, not %d", maxBackends, s.Step)
	case p.Size > 0 && p.MaxOverflow == 0:
		k.wrong(p.Source, "sizing.step", what, "write max_overflow = 10, or leave sizing out",
			"the pool can't grow, since max_overflow is 0")
	}
	for _, f := range []struct {
		setting string
		value   float64
	}{{"sizing.grow_at", s.GrowAt}, {"sizing.shrink_at", s.ShrinkAt}} {
		if !isFraction(f.value) {
			k.wrong(p.Source, f.setting, what, "", "want a number above 0, up to 1, not %s", show(f.value))
		}
	}
	if isFraction(s.GrowAt) && isFraction(s.ShrinkAt) && s.ShrinkAt >= s.GrowAt {
		grow, shrink := shown(p.Source, "sizing.grow_at", s.GrowAt), shown(p.Source, "sizing.shrink_at", s.ShrinkAt)
		if _, given := p.Source.settings["sizing.shrink_at"]; given {
			k.wrong(p.Source, "sizing.shrink_at", what, "lower it, or raise grow_at", "%s is not below grow_at, %s", shrink, grow)
		} else {
			k.wrong(p.Source, "sizing.grow_at", what, "raise it, or lower shrink_at", "%s is not above shrink_at, %s", grow, shrink)
		}
	}
	if s.GrowWaiting < 1 {
		k.wrong(p.Source, "sizing.grow_waiting", what, "", "want at least 1, not %d", s.GrowWaiting)
	}
	k.timings(p.Source, what, timing{"sizing.cool_down", s.CoolDown, true})
}
