// Package mapping is the language in which a unit of work and a mapping library speak with
// each other: which structs are kept in which tables, which statements are to be written,
// what came back. An adapter such as adapters/unobun implements [Mapper] and imports
// nothing else of unoactor for it.
//
// The package holds descriptions and no decisions: what is written, and in which order, is
// the unit of work's to decide; how it is spelled in SQL is the mapper's. It imports the
// standard library alone.
package mapping
