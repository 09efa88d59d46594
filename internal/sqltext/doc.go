// Package sqltext is the one lexer of SQL in this module, and what is judged by it: where the
// statements of a text end, what a log may show of one, what is undone as a whole, what only reads,
// which parameters are set, what a session is left with.
//
// A [Scanner] cuts a text as PostgreSQL's own scanner does (documentation, "Lexical Structure";
// src/backend/parser/scan.l): each byte is part of one token. Where servers differ, by version or by
// a parameter, the scanner takes the reading of those servers that would not refuse the text, and
// standard_conforming_strings is a field of it.
//
// The judgements know words, not grammar, and no catalog: what happens inside functions, operators,
// views and extensions is not seen. Each says on which side it errs. The package never changes a text
// that it is given, runs no SQL and keeps nothing.
package sqltext
