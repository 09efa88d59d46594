// Package messages is the vocabulary of the supervision tree: what each actor
// can be told (commands), asked (questions, each naming its one answer type)
// and what it tells others (notices). Each receiver has a closed set.
//
// Messages carry values and ids. A backend, a socket or a lease never travels
// in one: a message that nobody reads must not lose anything.
package messages
