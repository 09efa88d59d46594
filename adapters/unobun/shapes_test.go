package unobun_test

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unobun"
)

// shape is a table as somebody has it, for the model of the unit of work. An object of
// it has a label, by which it is told from others for ever, a value, which stands for
// all that can be changed in it, and perhaps a parent.
type shape struct {
	name   string
	tables string
	make   func(label int) any
	label  func(o any) int
	// set gives an object a value: within what it has, or by another map or pointer.
	set   func(o any, v int, within bool)
	value func(o any) int // -1: its parts do not agree
	// point gives it a parent, nil is none; parent is the one that it has, by its label.
	point  func(o, parent any)
	parent func(o any, byLabel map[int]any) int // 0 is none
	read   func(context.Context, *unoactor.Session, string) ([]any, error)
	rows   string // SQL: label, value, label of the parent or 0
	// natural says that the label is the key, circular that any object may refer to any,
	// unique that values are, orphan that there is always a parent: itself at first.
	natural, circular, unique, never bool
}

// Tree refers to itself by a key that the database chooses.
type Tree struct {
	ID       int64 `bun:",pk,autoincrement"`
	Label    int
	Data     map[string]any `bun:"type:jsonb"`
	Note     *string
	Marks    []string `bun:",array"`
	ParentID *int64
	Parent   *Tree  `bun:"rel:belongs-to,join:parent_id=id"`
	Slug     string `bun:",nullzero,default:''"`
}

// Leaf has a key of its own choice, and embeds another struct.
type Leaf struct {
	Code       string `bun:",pk"`
	Inside     Nested `bun:"embed:in_"`
	ParentCode string `bun:",nullzero"`
	Parent     *Leaf  `bun:"rel:belongs-to,join:parent_code=code"`
}

type Nested struct {
	V int
	M map[string]int `bun:"type:jsonb"`
}

// Node has a key of two columns, one of which is in its foreign key too.
type Node struct {
	Space        int `bun:",pk"`
	Number       int `bun:",pk"`
	Bytes        []byte
	ParentNumber *int
	Parent       *Node `bun:"rel:belongs-to,join:space=space,join:parent_number=number"`
}

// Unit has a UUID that the database chooses, and refers to it as text.
type Unit struct {
	ID       UUID `bun:",pk,nullzero,type:uuid,default:gen_random_uuid()"`
	Label    int
	Value    *Nested `bun:"type:jsonb"`
	ParentID string  `bun:",nullzero"`
	Parent   *Unit   `bun:"rel:belongs-to,join:parent_id=id"`
}

// Ring refers to any other one, or to itself.
type Ring struct {
	ID    int `bun:",pk"`
	Value int
	ToID  int
	To    *Ring `bun:"rel:belongs-to,join:to_id=id"`
}

// Place has a value that no other one may have.
type Place struct {
	ID    int64 `bun:",pk,autoincrement"`
	Label int
	Value int
}

// Plain refers to others by a foreign key of which only the database knows.
type Plain struct {
	ID       int `bun:",pk"`
	Value    int
	ParentID *int
}

// Many is referred to as only the other side tells.
type Many struct {
	ID       int `bun:",pk"`
	Value    int
	ParentID *int
	Children []*Many `bun:"rel:has-many,join:id=parent_id"`
}

// all reads the objects of a type in an order.
func all[T any](ctx context.Context, s *unoactor.Session, order string) ([]any, error) {
	objects, err := unobun.Select[T](ctx, s, func(q *bun.SelectQuery) *bun.SelectQuery { return q.OrderExpr(order) })
	list := make([]any, len(objects))
	for i, o := range objects {
		list[i] = o
	}
	return list, err
}

// labelled is the label of the object that is referred to: by a pointer, or else by the key.
func labelled(pointer bool, label func() int, refers bool, byKey func(o any) bool, byLabel map[int]any) int {
	if pointer {
		return label()
	}
	for label, o := range byLabel {
		if refers && byKey(o) {
			return label
		}
	}
	return 0
}

// agreed is a value that all parts of an object have.
func agreed(parts ...int) int {
	for _, p := range parts {
		if p != parts[0] {
			return -1
		}
	}
	return parts[0]
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

var shapes = []shape{
	{
		name: "a tree with generated keys, a trigger and a unique label",
		tables: `create table trees (id bigserial primary key, label int not null unique deferrable, data jsonb, note text, marks text[], parent_id bigint references trees, slug text default '');
			create function slug() returns trigger language plpgsql as $$ begin new.slug := 's' || new.label; return new; end $$;
			create trigger slug before insert on trees for each row execute function slug()`,
		make:  func(label int) any { return &Tree{Label: label} },
		label: func(o any) int { return o.(*Tree).Label },
		set: func(o any, v int, within bool) {
			t, text := o.(*Tree), strconv.Itoa(v)
			if within && t.Data != nil && t.Note != nil && len(t.Marks) == 1 {
				t.Data["v"], *t.Note, t.Marks[0] = float64(v), text, text
				return
			}
			t.Data, t.Note, t.Marks = map[string]any{"v": float64(v)}, &text, []string{text}
		},
		value: func(o any) int {
			t := o.(*Tree)
			v, _ := t.Data["v"].(float64)
			return agreed(int(v), number(*t.Note), number(t.Marks[0]))
		},
		point: func(o, parent any) {
			t := o.(*Tree)
			if t.Parent, _ = parent.(*Tree); t.Parent == nil {
				t.ParentID = nil
			}
		},
		parent: func(o any, by map[int]any) int {
			t := o.(*Tree)
			return labelled(t.Parent != nil, func() int { return t.Parent.Label }, t.ParentID != nil, func(o any) bool { return o.(*Tree).ID == *t.ParentID }, by)
		},
		read: all[Tree],
		rows: "select t.label, (t.data->>'v')::int + t.note::int - t.marks[1]::int, coalesce(p.label, 0) from trees t left join trees p on p.id = t.parent_id",
	},
	{
		name:    "natural keys and an embedded struct",
		tables:  `create table leafs (code text primary key, in_v int, in_m jsonb, parent_code text references leafs)`,
		natural: true,
		make:    func(label int) any { return &Leaf{Code: fmt.Sprint("c", label)} },
		label:   func(o any) int { return number(o.(*Leaf).Code[1:]) },
		set: func(o any, v int, within bool) {
			l := o.(*Leaf)
			l.Inside.V = v
			if within && l.Inside.M != nil {
				l.Inside.M["v"] = v
				return
			}
			l.Inside.M = map[string]int{"v": v}
		},
		value: func(o any) int { l := o.(*Leaf); return agreed(l.Inside.V, l.Inside.M["v"]) },
		point: func(o, parent any) {
			l := o.(*Leaf)
			if l.Parent, _ = parent.(*Leaf); l.Parent == nil {
				l.ParentCode = ""
			}
		},
		parent: func(o any, by map[int]any) int {
			l := o.(*Leaf)
			return labelled(l.Parent != nil, func() int { return number(l.Parent.Code[1:]) }, l.ParentCode != "", func(o any) bool { return o.(*Leaf).Code == l.ParentCode }, by)
		},
		read: all[Leaf],
		rows: "select substr(code, 2)::int, case when in_v = (in_m->>'v')::int then in_v else -1 end, coalesce(substr(parent_code, 2)::int, 0) from leafs",
	},
	{
		name: "keys of two columns",
		tables: `create table nodes (space int, number int, bytes bytea, parent_number int, primary key (space, number),
			foreign key (space, parent_number) references nodes)`,
		natural: true,
		make:    func(label int) any { return &Node{Space: 1, Number: label} },
		label:   func(o any) int { return o.(*Node).Number },
		set: func(o any, v int, within bool) {
			n := o.(*Node)
			if within && len(n.Bytes) == 2 {
				n.Bytes[0], n.Bytes[1] = byte(v), byte(v>>8)
				return
			}
			n.Bytes = []byte{byte(v), byte(v >> 8)}
		},
		value: func(o any) int { n := o.(*Node); return int(n.Bytes[0]) + int(n.Bytes[1])<<8 },
		point: func(o, parent any) {
			n := o.(*Node)
			if n.Parent, _ = parent.(*Node); n.Parent == nil {
				n.ParentNumber = nil
			}
		},
		parent: func(o any, by map[int]any) int {
			n := o.(*Node)
			return labelled(n.Parent != nil, func() int { return n.Parent.Number }, n.ParentNumber != nil, func(o any) bool { return o.(*Node).Number == *n.ParentNumber }, by)
		},
		read: all[Node],
		rows: "select number, get_byte(bytes, 0) + get_byte(bytes, 1) * 256, coalesce(parent_number, 0) from nodes",
	},
	{
		name:   "UUIDs that are text in Go",
		tables: `create table units (id uuid primary key default gen_random_uuid(), label int unique deferrable, value jsonb, parent_id uuid references units)`,
		make:   func(label int) any { return &Unit{Label: label} },
		label:  func(o any) int { return o.(*Unit).Label },
		set: func(o any, v int, within bool) {
			u := o.(*Unit)
			if within && u.Value != nil {
				u.Value.V, u.Value.M["v"] = v, v
				return
			}
			u.Value = &Nested{v, map[string]int{"v": v}}
		},
		value: func(o any) int { u := o.(*Unit); return agreed(u.Value.V, u.Value.M["v"]) },
		point: func(o, parent any) {
			u := o.(*Unit)
			if u.Parent, _ = parent.(*Unit); u.Parent == nil {
				u.ParentID = ""
			}
		},
		parent: func(o any, by map[int]any) int {
			u := o.(*Unit)
			return labelled(u.Parent != nil, func() int { return u.Parent.Label }, u.ParentID != "", func(o any) bool {
				id := o.(*Unit).ID
				return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]) == u.ParentID
			}, by)
		},
		read: all[Unit],
		rows: "select u.label, (u.value->>'V')::int, coalesce(p.label, 0) from units u left join units p on p.id = u.parent_id",
	},
	{
		name:    "circles whose constraint is deferrable",
		tables:  `create table rings (id int primary key, value int, to_id int not null references rings deferrable)`,
		natural: true, circular: true, never: true,
		make:  func(label int) any { return &Ring{ID: label, ToID: label} },
		label: func(o any) int { return o.(*Ring).ID },
		set:   func(o any, v int, _ bool) { o.(*Ring).Value = v },
		value: func(o any) int { return o.(*Ring).Value },
		point: func(o, parent any) { o.(*Ring).To = parent.(*Ring) },
		parent: func(o any, by map[int]any) int {
			r := o.(*Ring)
			return labelled(r.To != nil, func() int { return r.To.ID }, true, func(o any) bool { return o.(*Ring).ID == r.ToID }, by)
		},
		read: all[Ring],
		rows: "select id, value, to_id from rings",
	},
	{
		name:   "unique values that are exchanged",
		tables: `create table places (id bigserial primary key, label int unique, value int unique deferrable)`,
		unique: true,
		make:   func(label int) any { return &Place{Label: label} },
		label:  func(o any) int { return o.(*Place).Label },
		set:    func(o any, v int, _ bool) { o.(*Place).Value = v },
		value:  func(o any) int { return o.(*Place).Value },
		read:   all[Place],
		rows:   "select label, value, 0 from places",
	},
	{
		name:    "a foreign key that is not told of",
		tables:  `create table plains (id int primary key, value int, parent_id int references plains)`,
		natural: true,
		make:    func(label int) any { return &Plain{ID: label} },
		label:   func(o any) int { return o.(*Plain).ID },
		set:     func(o any, v int, _ bool) { o.(*Plain).Value = v + 1000 },
		value:   func(o any) int { return o.(*Plain).Value - 1000 },
		point: func(o, parent any) {
			o.(*Plain).ParentID = nil
			if p, ok := parent.(*Plain); ok && p != nil {
				o.(*Plain).ParentID = &p.ID
			}
		},
		parent: func(o any, _ map[int]any) int {
			if p := o.(*Plain).ParentID; p != nil {
				return *p
			}
			return 0
		},
		read: all[Plain],
		rows: "select id, value - 1000, coalesce(parent_id, 0) from plains",
	},
	{
		name:    "a foreign key of which the other side tells",
		tables:  `create table manies (id int primary key, value int, parent_id int references manies)`,
		natural: true,
		make:    func(label int) any { return &Many{ID: label} },
		label:   func(o any) int { return o.(*Many).ID },
		set:     func(o any, v int, _ bool) { o.(*Many).Value = v },
		value:   func(o any) int { return o.(*Many).Value },
		point: func(o, parent any) {
			o.(*Many).ParentID = nil
			if p, ok := parent.(*Many); ok && p != nil {
				id := p.ID
				o.(*Many).ParentID = &id
			}
		},
		parent: func(o any, _ map[int]any) int {
			if p := o.(*Many).ParentID; p != nil {
				return *p
			}
			return 0
		},
		read: all[Many],
		rows: "select id, value, coalesce(parent_id, 0) from manies",
	},
}

// querier is what rows are read from.
type querier interface {
	Query(context.Context, string, ...any) (pgx.Rows, error)
}
