package unoslog_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"strings"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unoslog"
	"github.com/unoactor/unoactor/testkit"
)

func Example() {
	ctx := context.Background()
	server, err := testkit.StartServer(ctx, testkit.ServerOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	var out strings.Builder
	host := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" {
			return slog.Attr{} // they differ from run to run
		}
		return a
	}})).With("service", "shop")
	sys, err := unoactor.New(ctx, unoactor.Topology{
		Nodes: []unoactor.Node{{Name: "main", Port: uint16(server.Port()), User: server.User(), Database: "postgres"}},
		Pools: []unoactor.Pool{{Name: "default", Node: "main", Echo: true}},
	}, unoslog.WithLogger(host))
	if err != nil {
		log.Fatal(err)
	}
	db, err := sys.DB("default")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec(ctx, "select generate_series(1, $1::int)", 3); err != nil {
		log.Fatal(err)
	}
	if err := sys.Close(ctx); err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, "statement") {
			fmt.Print(line)
		}
	}
	// Output: level=INFO msg=statement service=shop pool=default sql="select generate_series(1, $1::int)" rows=3
}
