//go:build !unix

package conn

import "github.com/unoactor/unoactor/messages"

// peeker is of no use here.
type peeker struct{}

// Peek returns None: here no socket can be peeked at, and a closed connection shows when it is used.
func (b *Backend) Peek() messages.Cause { return messages.None }
