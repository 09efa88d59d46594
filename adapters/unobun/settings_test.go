package unobun_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unobun"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// Reading has values of types whose text depends on a session's settings.
type Reading struct {
	ID       int64 `bun:",pk,autoincrement"`
	Text     string
	Path     []byte
	Value    float64
	Small    float32
	Values   []float64 `bun:",array"`
	Blobs    [][]byte  `bun:",array"`
	Names    []*string `bun:",array"`
	Taken    time.Time
	Local    time.Time `bun:"type:timestamp"`
	Day      time.Time `bun:"type:date"`
	Duration string    `bun:"type:interval"`
	Span     string    `bun:"type:tsrange"`
	Data     map[string]any
	Pair     string  `bun:"type:pair"`
	Made     float64 `bun:",nullzero,default:0.1::float8+0.2"`
	Mark     []byte  `bun:",nullzero,default:'\\x00ff5c27'"`
	At       string  `bun:"type:interval,nullzero,default:'-1 day 02:00'"`
}

const readings = `create type pair as (a float8, b bytea);
create table readings (id bigserial primary key, text text, path bytea, value float8, small float4, "values" float8[], blobs bytea[], names text[],
	taken timestamptz, local timestamp, day date, duration interval, span tsrange, data jsonb, pair pair,
	made float8 default 0.1::float8+0.2, mark bytea default '\x00ff5c27', at interval default '-1 day 02:00')`

// settings are what can be said of a session that changes how its values are written.
var settings = map[string]string{
	"standard_conforming_strings": "off", "backslash_quote": "on", "bytea_output": "escape", "extra_float_digits": "-5", "datestyle": "German, DMY",
	"intervalstyle": "sql_standard", "timezone": "Asia/Kathmandu", "client_encoding": "LATIN1", "array_nulls": "off", "lc_monetary": "C", "xmlbinary": "hex",
	"escape_string_warning": "off", "quote_all_identifiers": "on", "transform_null_equals": "on",
}

func newReading() *Reading {
	return &Reading{
		Text: "it's a \\ and a \\' ü \"\n", Path: []byte("\x00\xff\\'\\\\x"), Value: 0.1 + 0.2, Small: 1.0 / 3, Values: []float64{0.1 + 0.2, math.Inf(1), 1e-300},
		Blobs: [][]byte{{0, 255}, []byte(`\`)}, Names: []*string{ptr(`\`), nil, ptr("NULL"), ptr("ü'")},
		Taken: time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC), Local: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC), Day: time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC),
		Duration: "-1 day 02:00:00", Span: "[2026-02-03 04:05:06,2026-03-04 00:00:00)", Data: map[string]any{"k'\\": "\\'ü", "n": 0.30000000000000004},
		Pair: `(0.30000000000000004,"\\x00ff")`,
	}
}

// said is a reading in words, without the locations of its times.
func said(r *Reading) string {
	var names []string
	for _, n := range r.Names {
		if n == nil {
			names = append(names, "-")
			continue
		}
		names = append(names, fmt.Sprintf("%q", *n))
	}
	return fmt.Sprintf("%q %x %v %v %v %x %v %d %d %d %q %q %v %q %v %x %q", r.Text, r.Path, r.Value, r.Small, r.Values, r.Blobs, names, r.Taken.UnixNano(), r.Local.UnixNano(),
		r.Day.Unix(), r.Duration, r.Span, r.Data, r.Pair, r.Made, r.Mark, r.At)
}

func TestWhatIsWrittenAndReadDoesNotDependOnTheSessionsSettings(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), readings); err != nil {
		t.Fatal(err)
	}
	const row = `select row(text, path, value, small, "values", blobs, names, taken, local, day, duration, span, data, pair, made, mark, at)::text from readings`
	cycle := func(t *testing.T, set map[string]string, tx bool) (objects, table string) {
		t.Helper()
		if _, err := db.Exec(t.Context(), "truncate readings"); err != nil {
			t.Fatal(err)
		}
		in(t, db, func(ctx context.Context, s *unoactor.Session) error {
			for name, value := range set {
				if _, err := s.Exec(ctx, "select set_config($1, $2, false)", name, value); err != nil {
					return err
				}
			}
			if tx {
				if err := s.Begin(ctx); err != nil {
					return err
				}
			}
			r := newReading()
			if err := s.Add(r); err != nil {
				return err
			}
			if err := s.Flush(ctx); err != nil {
				return err
			}
			objects = said(r)
			if err := s.Expunge(r); err != nil {
				return err
			}
			got, err := unoactor.Get[Reading](ctx, s, r.ID)
			if err != nil {
				return err
			}
			objects += said(got)
			got.Text, got.Taken, got.Names = got.Text+"\\", got.Taken.Add(time.Hour), append(got.Names, nil)
			if err := s.Flush(ctx); err != nil {
				return err
			}
			for name, value := range set {
				if is := one[string](t, s, "select current_setting($1)", name); is != value {
					t.Errorf("%s is %q after it", name, is)
				}
			}
			if tx {
				if err := s.Commit(ctx); err != nil {
					return err
				}
			}
			if _, err := s.Exec(ctx, "reset all"); err != nil {
				return err
			}
			table = one[string](t, s, row)
			return nil
		})
		return objects, table
	}
	objects, table := cycle(t, nil, false)
	for _, tx := range []bool{false, true} {
		for name, value := range settings {
			t.Run(fmt.Sprint(name, tx), func(t *testing.T) {
				o, d := cycle(t, map[string]string{name: value}, tx)
				if o != objects || d != table {
					t.Errorf("it is\n%s\n%s\nand by default\n%s\n%s", o, d, objects, table)
				}
			})
		}
		t.Run(fmt.Sprint("all", tx), func(t *testing.T) {
			if o, d := cycle(t, settings, tx); o != objects || d != table {
				t.Errorf("it is\n%s\n%s\nand by default\n%s\n%s", o, d, objects, table)
			}
		})
	}
}

// Acc is what somebody tries to have a statement made of.
type Acc struct {
	bun.BaseModel `bun:"table:acc"`
	ID            int64 `bun:",pk,autoincrement"`
	Email         string
	Tags          []string       `bun:",array"`
	Data          map[string]any `bun:"type:jsonb"`
}

func TestNoValueBecomesSQLWhereStringsHaveEscapes(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), "create table acc (id bigserial primary key, email text unique, tags text[], data jsonb)"); err != nil {
		t.Fatal(err)
	}
	evil := `\', '{}', to_jsonb(current_user::text)) returning id --`
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		if _, err := s.Exec(ctx, "set standard_conforming_strings = off"); err != nil {
			return err
		}
		a := &Acc{Email: evil, Tags: []string{evil}, Data: map[string]any{evil: evil}}
		if err := s.Add(a); err != nil {
			return err
		}
		if err := s.Flush(ctx); err != nil {
			return err
		}
		a.Email += evil
		if err := s.Flush(ctx); err != nil {
			return err
		}
		if err := s.Expunge(a); err != nil {
			return err
		}
		got, err := unoactor.Get[Acc](ctx, s, a.ID)
		if err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := unobun.Select[Acc](ctx, s, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("email = ?", evil) }); err == nil {
			t.Error("bun's own statements are sent")
		}
		return nil
	})
}

func TestThePoolsOwnSettingsChangeNoValue(t *testing.T) {
	server, database := testkit.Shared(t)
	db, err := unoactor.Connect(t.Context(), server.URL(database), config.Pool{Size: 2, Runtime: settings},
		unoactor.WithSessions(unoactor.SessionConfig{Mapper: unobun.Mapper()}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(context.WithoutCancel(t.Context())) }()
	if _, err := db.Exec(t.Context(), strings.ReplaceAll(readings, `'\x00ff5c27'`, `decode('00ff5c27', 'hex')`)); err != nil {
		t.Fatal(err)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		r := newReading()
		if err := errors.Join(s.Add(r), s.Flush(ctx)); err != nil {
			return err
		}
		written := said(r)
		if err := s.Refresh(ctx, r); err != nil {
			return err
		}
		r.Duration, r.Span, r.Names[1] = newReading().Duration, newReading().Span, nil // their text is the server's
		if got := said(r); got != written {
			t.Errorf("%s\nwas written as\n%s", got, written)
		}
		return nil
	})
}
