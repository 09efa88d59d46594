package messages

// letter is embedded in every message. A message that arrives after its receiver's end is no
// event: nothing depends on it any more, and protoactor need not report it.
type letter struct{}

// IgnoreDeadLetterLogging is what protoactor asks a message for.
func (letter) IgnoreDeadLetterLogging() {}
