package uno_test

import (
	"context"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
)

func Example_unoDB() {
	ctx := context.Background()
	db, err := unoactor.Connect(ctx, url, unoactor.Pool{Size: 10, MaxOverflow: 20})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close(ctx)

	err = db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
		rows, err := s.Query(ctx, "SELECT * FROM users WHERE id = @id", pgx.NamedArgs{"id": 1})
		if err != nil {
			return err
		}
		user, err := pgx.CollectExactlyOneRow(rows, pgx.RowToMap)
		fmt.Println(user["name"], user["email"])
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: Ann ann@example.com
}
