package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"text/template"

	"github.com/unoactor/unoactor/testkit"
)

//go:embed devdata
var devData embed.FS

// loadData fills the three databases.
func loadData(ctx context.Context, server *testkit.Server) error {
	for database, script := range map[string]string{"app": "default", "analytics": "analytics", "reporting": "reporting"} {
		sql, err := devData.ReadFile("devdata/" + script + ".sql")
		if err != nil {
			return err
		}
		if err := server.Exec(ctx, database, string(sql)); err != nil {
			return fmt.Errorf("load the data of %s: %w", database, err)
		}
	}
	return nil
}

// writeTopology writes the file that dev serves, for its reader as much as for
// the daemon.
func writeTopology(file string, server *testkit.Server, listen, level string) error {
	tmpl, err := template.ParseFS(devData, "devdata/topology.hcl.tmpl")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = tmpl.Execute(f, map[string]any{
		"Host": server.Host(), "Port": server.Port(), "User": server.User(), "Listen": listen, "LogLevel": level,
	})
	if err := f.Close(); err != nil {
		return err
	}
	return err
}
