package unoslog

import (
	"fmt"
	"iter"
	"log/slog"
	"strconv"

	"github.com/hashicorp/go-hclog"
)

// attributes are pairs as slog has them.
func attributes(args []any) []slog.Attr {
	attrs := make([]slog.Attr, 0, (len(args)+1)/2)
	for key, value := range pairs(args) {
		attrs = append(attrs, slog.Any(key, plain(value)))
	}
	return attrs
}

// pairs walks over keys and values. As in hclog, a key that is no string is
// printed, and a last value without a key gets hclog.MissingKey.
func pairs(args []any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for len(args) > 1 {
			key, ok := args[0].(string)
			if !ok {
				key = fmt.Sprint(args[0])
			}
			if !yield(key, args[1]) {
				return
			}
			args = args[2:]
		}
		if len(args) == 1 {
			yield(hclog.MissingKey, args[0])
		}
	}
}

// plain does what hclog's own types ask for, which no slog handler knows.
func plain(value any) any {
	switch v := value.(type) {
	case hclog.Format:
		if format, ok := first(v).(string); ok {
			return fmt.Sprintf(format, v[1:]...)
		}
	case hclog.Hex:
		return "0x" + strconv.FormatUint(uint64(v), 16)
	case hclog.Octal:
		return "0" + strconv.FormatUint(uint64(v), 8)
	case hclog.Binary:
		return "0b" + strconv.FormatUint(uint64(v), 2)
	case hclog.Quote:
		return strconv.Quote(string(v))
	case hclog.CapturedStacktrace:
		return string(v)
	}
	return value
}

func first(v []any) any {
	if len(v) == 0 {
		return nil
	}
	return v[0]
}
