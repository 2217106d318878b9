// Package move copies a whole database into another one, of the same engine or not. It knows the
// engines only as an engine.Whole: tables with columns of texts and whole numbers.
//
// # Which tables
//
// The schema says which tables there are, so a new one is never forgotten. Tables that are not
// moved are in one list, each with its reason (tables.go). A table or column that only one side has
// and that is not in the list is an error.
//
// # Steps
//
//  1. Check: the source is not damaged, each of its values can be stored by both engines, and
//     the target is empty. A dry run ends here, and nothing has changed.
//  2. Begin: the target gets a mark, with which no server uses it, and loses its indexes and
//     references, which are faster to make from the rows. Then the source gets a mark, with which
//     no server writes to it.
//  3. Copy: table by table in the order of the keys, in pages of bounded size. Each page is one
//     transaction with the progress, which is in the table moves of the target.
//  4. Compare: number and hash of the rows of each table, read from both sides.
//  5. Finish: indexes and references are made. What only one engine has is computed. The mark of the
//     source becomes "moved". Then the target loses its mark and the table moves.
//
// # Guarantees
//
// A move that was ended at any moment goes on where it was when it is run again. At each moment
// servers can use at most one of the databases. The source changes by nothing but its mark. Nothing
// is repaired on the way: a value that one of the engines cannot store is an error before anything
// is written.
//
// When a move fails, but is not killed, the source loses its mark, so that its servers can
// go on. If they have written before the move is run again, the comparison finds the tables that
// differ, and copies these again.
package move
