package uno_test

import (
	"context"
	"fmt"
	"log"

	"github.com/uptrace/bun"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unobun"
)

// User is kept in the table users.
type User struct {
	ID    int64 `bun:",pk,autoincrement"`
	Name  string
	Email string
}

// usersByEmailDomain are the users of a domain.
func usersByEmailDomain(ctx context.Context, db *unoactor.DB, domain string) (users []*User, err error) {
	err = db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
		users, err = unobun.Select[User](ctx, s, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("email LIKE ?", "%@"+domain)
		})
		return err
	})
	return users, err
}

// createUser is a user with the key that the database gave.
func createUser(ctx context.Context, db *unoactor.DB, name, email string) (*User, error) {
	user := &User{Name: name, Email: email}
	err := db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
		if err := s.Add(user); err != nil {
			return err
		}
		return s.Flush(ctx) // as the end of the session would
	})
	return user, err
}

func Example_orm() {
	ctx := context.Background()
	db, end := database(unoactor.WithSessions(unoactor.SessionConfig{Mapper: unobun.Mapper()}))
	defer end()

	created, err := createUser(ctx, db, "Cid", "cid@example.net")
	if err != nil {
		log.Fatal(err)
	}
	for _, u := range must(usersByEmailDomain(ctx, db, "example.net")) {
		fmt.Println(u.Name, u.ID == created.ID)
	}
	// Output: Cid true
}

func Example_unitOfWork() {
	ctx := context.Background()
	db, end := database(unoactor.WithSessions(unoactor.SessionConfig{Mapper: unobun.Mapper()}))
	defer end()

	err := db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
		dora := &User{Name: "Dora", Email: "dora@example.edu"}
		if err := s.Add(dora); err != nil {
			return err
		}
		var n int // the query finds what was added: it is flushed before
		if err := s.QueryRow(ctx, "select count(*) from users where name = 'Dora'").Scan(&n); err != nil {
			return err
		}
		same, err := unoactor.Get[User](ctx, s, dora.ID)
		if err != nil {
			return err
		}
		fmt.Println(n, same == dora)
		same.Name = "Dorothea" // is written, without Add
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(must(usersByEmailDomain(ctx, db, "example.edu"))[0].Name)
	// Output:
	// 1 true
	// Dorothea
}
