// Package messages is the vocabulary of the supervision tree: commands, which tell an actor to do
// something and are imperatives ([Retire]); questions, each of which names the one type of its
// answer ([AskRoute], [Routed]); notices, which tell what has happened ([Opened]); and the events
// that programs subscribe to ([Event]). Each receiver has a closed set.
//
// Messages carry values and ids. No backend, socket or lease travels in a message: a message that
// nobody reads must not lose anything.
package messages
