package messages

// letter is in every message. One that arrives after its receiver's end is no
// event: whatever it was about is settled, and protoactor need not report it.
type letter struct{}

// IgnoreDeadLetterLogging is what protoactor asks a message for.
func (letter) IgnoreDeadLetterLogging() {}
