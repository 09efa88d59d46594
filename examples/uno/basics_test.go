package uno_test

import (
	"context"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
)

// getUser is nil if there is no such user.
func getUser(ctx context.Context, db *unoactor.DB, id int) (user map[string]any, err error) {
	err = db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
		rows, err := s.Query(ctx, "SELECT * FROM users WHERE id = @user_id", pgx.NamedArgs{"user_id": id})
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowToMap)
		if len(found) > 0 {
			user = found[0]
		}
		return err
	})
	return user, err
}

// transferFunds moves money, or does nothing.
func transferFunds(ctx context.Context, db *unoactor.DB, from, to int, amount float64) error {
	return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
		return s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
			// Debit from account
			_, err := s.Exec(ctx, "UPDATE accounts SET balance = balance - @amount WHERE id = @account_id", pgx.NamedArgs{"amount": amount, "account_id": from})
			if err != nil {
				return err
			}
			// Credit to account
			_, err = s.Exec(ctx, "UPDATE accounts SET balance = balance + @amount WHERE id = @account_id", pgx.NamedArgs{"amount": amount, "account_id": to})
			return err
		})
	})
}

func Example_basicOperations() {
	ctx := context.Background()
	db, end := database()
	defer end()

	fmt.Println(must(getUser(ctx, db, 2))["name"], must(getUser(ctx, db, 999)))
	if err := transferFunds(ctx, db, 1, 2, 30); err != nil {
		log.Fatal(err)
	}
	fmt.Println(transferFunds(ctx, db, 1, 2, 1000) != nil) // there is not so much
	var balances []int
	if err := db.QueryRow(ctx, "select array_agg(balance::int order by id) from accounts").Scan(&balances); err != nil {
		log.Fatal(err)
	}
	fmt.Println(balances)
	// Output:
	// Bob map[]
	// true
	// [70 80]
}
