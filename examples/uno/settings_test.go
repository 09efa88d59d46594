package uno_test

import (
	"context"
	"fmt"
	"log"

	"github.com/unoactor/unoactor"
)

func Example_settings() {
	ctx := context.Background()
	settings, err := unoactor.SettingsFromEnv() // UNO_DB_USER, UNO_DB_PASSWORD, UNO_DB_HOST ...
	if err != nil {
		log.Fatal(err)
	}
	db, err := unoactor.Connect(ctx, settings.ConnectionString(), settings.Pool())
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close(ctx)

	fmt.Println(settings.Get("db_pool_size", 5), settings.Get("db_colour", "none"))
	fmt.Println(settings.All()["db_password"])
	var name string
	if err := db.QueryRow(ctx, "select current_database()").Scan(&name); err != nil {
		log.Fatal(err)
	}
	fmt.Println(name)
	// Output:
	// 10 none
	// ********
	// main_db
}
