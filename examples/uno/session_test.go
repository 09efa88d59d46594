package uno_test

import (
	"context"
	"fmt"
	"log"

	"github.com/unoactor/unoactor"
)

func Example_session() {
	ctx := context.Background()
	db, end := database()
	defer end()

	err := db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
		var one int
		if err := s.QueryRow(ctx, "SELECT 1").Scan(&one); err != nil {
			return err
		}
		fmt.Println(one)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: 1
}

func Example_async() {
	ctx := context.Background()
	db, end := database()
	defer end()

	count := func(table string) *unoactor.Future[int] {
		return unoactor.Async(ctx, db, func(ctx context.Context, s *unoactor.Session) (n int, err error) {
			err = s.QueryRow(ctx, "select count(*) from "+table).Scan(&n)
			return n, err
		})
	}
	counts, err := unoactor.AwaitAll(ctx, count("accounts"), count("generate_series(1, 5)"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(counts)
	// Output: [2 5]
}

func Example_sessionFactory() {
	ctx := context.Background()
	db, end := database()
	defer end()

	sessions := unoactor.NewSessionFactory(db, unoactor.SessionConfig{})
	s := sessions.New()
	defer s.Close()
	if _, err := s.Exec(ctx, "set application_name = 'mine'"); err != nil {
		log.Fatal(err)
	}
	var name string
	if err := s.QueryRow(ctx, "show application_name").Scan(&name); err != nil {
		log.Fatal(err)
	}
	fmt.Println(name)
	// Output: mine
}

func Example_sessionConfig() {
	ctx := context.Background()
	db, end := database()
	defer end()

	sessions := unoactor.NewSessionFactory(db, unoactor.SessionConfig{
		ExpireOnCommit: unoactor.Off,
		Autoflush:      unoactor.Off,
		Autocommit:     unoactor.Off,
	})
	err := sessions.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
		if _, err := s.Exec(ctx, "update metrics set value = value + 1"); err != nil { // begins a transaction
			return err
		}
		fmt.Println("in a transaction:", s.InTransaction() > 0)
		return nil // commits it
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: in a transaction: true
}
