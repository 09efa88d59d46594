package supervisor_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/supervisor"
)

// picture reads a topology of three parts: nodes, pools and routes. A node is a name, a pool
// name@node and a route name>pool; any of them with some of its settings, as main:port=1,role=replica.
func picture(t *testing.T, text string) config.Topology {
	t.Helper()
	var top config.Topology
	parts := strings.Split(text, "|")
	for word := range strings.FieldsSeq(parts[0]) {
		name, settings, _ := strings.Cut(word, ":")
		n := config.Node{Name: name}
		for s := range strings.SplitSeq(settings, ",") {
			set(t, s, map[string]any{
				"host": &n.Host, "port": &n.Port, "role": &n.Role, "user": &n.User, "password": &n.Password, "auth": &n.RequireAuth,
				"tls": &n.TLS.Mode, "breaker": &n.Breaker.FailureThreshold,
			})
		}
		top.Nodes = append(top.Nodes, n)
	}
	for word := range strings.FieldsSeq(parts[1]) {
		where, settings, _ := strings.Cut(word, ":")
		name, node, _ := strings.Cut(where, "@")
		p := config.Pool{Name: name, Node: node}
		for s := range strings.SplitSeq(settings, ",") {
			set(t, s, map[string]any{
				"size": &p.Size, "database": &p.Database, "user": &p.User, "password": &p.Password, "echo": &p.Echo, "idle": &p.MinIdle,
				"retries": &p.Retry.MaxRetries, "reset": &p.Reset,
			})
		}
		top.Pools = append(top.Pools, p)
	}
	for word := range strings.FieldsSeq(parts[2]) {
		name, pool, _ := strings.Cut(word, ">")
		top.Routes = append(top.Routes, config.Route{Name: name, Database: name, Pool: pool})
	}
	return top
}

func set(t *testing.T, assignment string, known map[string]any) {
	t.Helper()
	name, value, given := strings.Cut(assignment, "=")
	if !given {
		return
	}
	if _, err := fmt.Sscan(value, known[name]); err != nil {
		t.Fatalf("%s: %v", assignment, err)
	}
}

func TestTheStepsFromOneTopologyToAnother(t *testing.T) {
	const two = "main copy | web@main reads@copy | web>web reads>reads"
	for name, c := range map[string]struct{ running, after, want string }{
		"nothing changes":                      {two, two, "switch routes"},
		"positions are no change":              {two, "copy main | reads@copy web@main | web>web reads>reads", "switch routes"},
		"a route comes":                        {two, two + " more>web", "switch routes"},
		"the first topology":                   {"| |", two, "start node main, start node copy, start pool web, start pool reads, switch routes"},
		"all goes":                             {two, "| |", "switch routes, drain pool web, drain pool reads, stop node main, stop node copy"},
		"a pool comes before its routes":       {two, "main copy | web@main reads@copy new@main | web>web reads>new", "start pool new, switch routes"},
		"a pool goes after its routes":         {two, "main copy | web@main | web>web reads>web", "switch routes, drain pool reads"},
		"a node comes before its pool":         {two, "main copy new | web@main reads@copy new@new | web>web reads>reads", "start node new, start pool new, switch routes"},
		"a node goes after its pool":           {two, "main | web@main | web>web", "switch routes, drain pool reads, stop node copy"},
		"a name is given to another":           {two, "main copy | web@main late@copy | web>web reads>late", "start pool late, switch routes, drain pool reads"},
		"a pool is resized":                    {two, "main copy | web@main:size=3 reads@copy | web>web reads>reads", "change pool web: keep, switch routes"},
		"a pool retries":                       {two, "main copy | web@main:retries=3 reads@copy | web>web reads>reads", "change pool web: keep, switch routes"},
		"the reset policy is looked up":        {two, "main copy | web@main:reset=none reads@copy | web>web reads>reads", "change pool web: keep, switch routes"},
		"a password is for new backends":       {two, "main copy | web@main:password=new reads@copy | web>web reads>reads", "change pool web: replace, switch routes"},
		"another user is somebody else":        {two, "main copy | web@main:user=new reads@copy | web>web reads>reads", "change pool web: move, switch routes"},
		"another database too":                 {two, "main copy | web@main:database=new,echo=true reads@copy | web>web reads>reads", "change pool web: move, switch routes"},
		"a pool moves":                         {two, "main copy | web@copy reads@copy | web>web reads>reads", "change pool web: move, switch routes"},
		"a pool moves off a node that goes":    {two, "main | web@main reads@main | web>web reads>reads", "change pool reads: move, switch routes, stop node copy"},
		"a pool moves to a node that comes":    {two, "main copy new | web@main reads@new | web>web reads>reads", "start node new, change pool reads: move, switch routes"},
		"another server, same name":            {two, "main:port=1 copy | web@main reads@copy | web>web reads>reads", "change node main, change pool web: move, switch routes"},
		"TLS is of every pool on the node":     {two, "main:tls=require copy | web@main reads@copy | web>web reads>reads", "change node main, change pool web: replace, switch routes"},
		"so is whom it trusts":                 {two, "main:auth=md5 copy | web@main reads@copy | web>web reads>reads", "change node main, change pool web: replace, switch routes"},
		"a node's role":                        {two, "main:role=replica copy | web@main reads@copy | web>web reads>reads", "change node main, change pool web: keep, switch routes"},
		"a node's breaker":                     {two, "main:breaker=3 copy | web@main reads@copy | web>web reads>reads", "change node main, change pool web: keep, switch routes"},
		"a node's user is of who has none":     {"main | a@main b@main:user=own | ", "main:user=new | a@main b@main:user=own | ", "change node main, change pool a: move, change pool b: keep, switch routes"},
		"a node's password is of who has none": {"main | a@main b@main:password=own | ", "main:password=new | a@main b@main:password=own | ", "change node main, change pool a: replace, change pool b: keep, switch routes"},
		"a pool moves to a node that changes":  {two, "main copy:tls=require | web@copy reads@copy | web>web reads>reads", "change node copy, change pool web: move, change pool reads: replace, switch routes"},
		"a pool that goes with a node changed": {two, "main copy:port=1 | web@main new@copy | web>web", "start pool new, change node copy, switch routes, drain pool reads"},
		"nodes and pools change names":         {"main | web@main | all>web", "other | page@other | all>page", "start node other, start pool page, switch routes, drain pool web, stop node main"},
	} {
		t.Run(name, func(t *testing.T) {
			got := supervisor.Change(picture(t, c.running), picture(t, c.after))
			if !slices.Equal(got, strings.Split(c.want, ", ")) {
				t.Errorf("\n got %s\nwant %s", strings.Join(got, ", "), c.want)
			}
		})
	}
}
