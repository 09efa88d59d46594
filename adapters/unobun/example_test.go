package unobun_test

import (
	"context"
	"fmt"
	"log"

	"github.com/uptrace/bun"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unobun"
	"github.com/unoactor/unoactor/testkit"
)

// Author writes books.
type Author struct {
	ID   int64 `bun:",pk,autoincrement"`
	Name string
}

// Book is by an author.
type Book struct {
	ID       int64 `bun:",pk,autoincrement"`
	Title    string
	AuthorID int64
	Author   *Author `bun:"rel:belongs-to,join:author_id=id"`
}

func Example() {
	ctx := context.Background()
	server, err := testkit.StartServer(ctx, testkit.ServerOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	db, err := unoactor.Connect(ctx, server.URL("postgres"), unoactor.Pool{Size: 2},
		unoactor.WithSessions(unoactor.SessionConfig{Mapper: unobun.Mapper()}))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close(ctx)
	if _, err := db.Exec(ctx, `create table authors (id bigserial primary key, name text);
		create table books (id bigserial primary key, title text, author_id bigint not null references authors)`); err != nil {
		log.Fatal(err)
	}

	err = db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
		ursula := &Author{Name: "Ursula"}
		if err := s.Add(&Book{Title: "The Dispossessed", Author: ursula}, &Book{Title: "Lavinia", Author: ursula}); err != nil {
			return err
		}
		books, err := unobun.Select[Book](ctx, s, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Relation("Author").Order("title") })
		if err != nil {
			return err
		}
		fmt.Println(len(books), books[0].Title, books[0].AuthorID == ursula.ID)
		ursula.Name = "Ursula K. Le Guin" // is written at the end
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	var name string
	if err := db.QueryRow(ctx, "select name from authors").Scan(&name); err != nil {
		log.Fatal(err)
	}
	fmt.Println(name)
	// Output:
	// 2 Lavinia true
	// Ursula K. Le Guin
}
