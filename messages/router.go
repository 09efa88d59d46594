package messages

// ToRouter is what the router can be told.
type ToRouter interface{ toRouter() }

// AskRoute asks for the pool of a session, which says this of itself. It is
// answered by a [Routed]. Empty fields say nothing.
type AskRoute struct {
	letter
	Database string
	User     string
	Entity   string
	Access   string
	Labels   map[string]string
}

// Routed is the answer to [AskRoute]: the pool and the rule that chose it, or
// why there is none.
type Routed struct {
	letter
	Pool string
	Rule string
	Err  error
}

// RoleChanged says that the server of a pool takes writes again, or none any more.
type RoleChanged struct {
	letter
	Pool     string
	Node     string
	ReadOnly bool
}

func (AskRoute) toRouter()    {}
func (RoleChanged) toRouter() {}
