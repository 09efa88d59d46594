package gateway

import "fmt"

// Protocol is pgbench's --protocol.
type Protocol string

// The protocols that are measured.
const (
	Simple   Protocol = "simple"
	Extended Protocol = "extended"
)

// Case is one row of the comparison.
type Case struct {
	Protocol Protocol `json:"protocol"`
	Clients  int      `json:"clients"`
}

func (c Case) String() string { return fmt.Sprintf("pgbench -S -M %s -c %d", c.Protocol, c.Clients) }

// Clients is how many there are in the cases of a full run.
var Clients = []int{1, 8, 64, 256}

func (o Options) cases() []Case {
	var all []Case
	for _, protocol := range []Protocol{Simple, Extended} {
		for _, clients := range o.Clients {
			all = append(all, Case{protocol, clients})
		}
	}
	return all
}
