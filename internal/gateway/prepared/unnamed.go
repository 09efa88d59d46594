// Package prepared follows the prepared statements of a client through requests that are not answered yet. It keeps
// texts and says what the leased backend has; what is sent for it is decided in package protocol.
package prepared

import (
	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// Unnamed is a client's unnamed statement, as far as it outlives a lease.
type Unnamed struct {
	Parse  []byte        // the Parse message, nil if there is none, or it is too long to be kept
	Under  *params.Set   // the client's parameters when the text of Parse was looked at
	There  bool          // the leased backend has it
	Unkept bool          // only the leased backend has it, and it is not bound yet
	Shape  uint64        // of its rows, as the client was told; 0 if it was not: see [Shape]
	Stale  bool          // parsed anew it has rows of another shape
	Resets params.Resets // what running it puts back
}

// MaxParse is the longest Parse of an unnamed statement, in bytes, that is kept for a later transaction. With a
// longer one that is not bound in the batch that parses it, the client keeps its backend until it is.
const MaxParse = wire.BufferSize

// maxComing is how many bytes of statements are kept whose Parse is not answered yet, besides the last. When an
// error brings back one that was not kept, the client has none.
const maxComing = 4 * MaxParse

// Statements follow the unnamed statement: the server skips some requests after an error, and then the statement
// of before is still there. The zero value is a client that has none.
type Statements struct {
	Unnamed           // when all that was sent is done
	Done    Unnamed   // when all that was answered is done
	coming  []Unnamed // coming[next:] are those between, each with an expected reply that states it
	next    int
	kept    int  // bytes of their texts
	Stated  bool // the last of them is in the batch that is open
}

// State notes that the request that is sent next makes the unnamed statement what it is now.
func (s *Statements) State() {
	s.Stated = true
	one := s.Unnamed
	if n := len(one.Parse) + one.Resets.Size(); s.kept+n > maxComing {
		one = Unnamed{}
	} else {
		s.kept += n
	}
	s.coming = append(s.coming, one)
}

// Unconfirmed says that the server has not yet said what the unnamed statement is.
func (s *Statements) Unconfirmed() bool { return s.next < len(s.coming) }

func (s *Statements) take() Unnamed {
	one := s.coming[s.next]
	s.coming[s.next] = Unnamed{}
	s.kept -= len(one.Parse) + one.Resets.Size()
	if s.next++; s.next == len(s.coming) {
		s.next, s.coming = 0, s.coming[:0]
		if cap(s.coming) > 16 { // hardly a client sends more at a time
			s.coming = nil
		}
		s.kept = 0
	}
	return one
}

// Confirm notes that the next of those that were stated is a fact.
func (s *Statements) Confirm() {
	if s.Done = s.take(); !s.Unconfirmed() {
		s.Done = s.Unnamed
	}
}

// Forgo notes that the next of those that were stated will not be.
func (s *Statements) Forgo() {
	if s.take(); !s.Unconfirmed() {
		s.Unnamed = s.Done
	}
}

// Bound notes that the statement that the server has now was bound: it need not be kept for that.
func (s *Statements) Bound() {
	if s.Done.Unkept = false; !s.Unconfirmed() {
		s.Unkept = false
	}
}

// Returned notes that the next backend will know nothing of the client.
func (s *Statements) Returned() {
	s.There, s.Unkept, s.Stale = false, false, false
	s.Done = s.Unnamed
}

// Kept is how many bytes are kept of texts.
func (s *Statements) Kept() int { return len(s.Parse) + len(s.Done.Parse) + s.kept }
