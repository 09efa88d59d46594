package actors

import (
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
)

// reconfigure takes up the settings that the node was given. A breaker with other limits begins
// closed, and the wait for the next attempt is no longer than the new settings would make it.
func (n *Node) reconfigure(now time.Time) {
	former := n.config
	n.config = *n.settings.Load()
	if n.config.Breaker != former.Breaker {
		n.breaker = newBreaker(n.config.Breaker)
	}
	if reachedAlike(former, n.config) {
		if n.failures > 0 {
			least, most := n.config.BackoffMin, n.config.BackoffMax
			n.next = earlier(n.next, now.Add(Backoff(least, most, n.failures)))
			n.hurried = earlier(n.hurried, now.Add(Backoff(least, min(most, AwaitedBackoff), n.failures)))
		}
		return
	}
	n.log.Info("node is reached in another way", "host", n.config.Host, "port", n.config.Port)
	n.failures, n.cause, n.err, n.next, n.hurried, n.since = 0, messages.None, nil, time.Time{}, time.Time{}, now
	n.dialing = nil // how those attempts end says nothing of this server
	n.breaker.reached()
}

// reachedAlike returns whether what is known of a node by one configuration holds for another.
func reachedAlike(a, b config.Node) bool {
	return a.Host == b.Host && a.Port == b.Port && a.TLS == b.TLS && a.RequireAuth == b.RequireAuth
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
