// Package spelling says which words of records a misspelled word of a search may mean.
//
// # Purpose
//
// A search that finds nothing is run again with words of records that are spelled like its own. This
// package has the rule for that, and nothing else: which text of a record has words that can be
// suggested, how far a word may differ, and which of several come first. It reads no records. The
// words come from the text index in memory or from a table, so every store suggests the same.
//
// # The rule
//
// Words come from the searched fields of a record, such as names, titles, tags and addresses,
// but not from long text (GivesWords). Notes have more words than all other fields together, many of
// them misspelled, and a table of them could be larger than the records. Where a search looks at the
// name of another record, such as the company of a contact, the words of these names are compared
// too: of all records of that kind, because which of them are referred to changes too often to count.
//
// A word is a run of letters and digits in folded text. Words with digits and very short words are
// never suggested, and nothing is suggested for them: one edit makes a different number or word.
// norm.FuzzyMatcher says how many edits are allowed. Of the words within that, only those with the
// fewest edits are suggested: the most frequent first, equally frequent ones by the alphabet.
//
// # How it is used
//
// NewSearch takes the words of a search. Search.FindUnknown asks which of them no record has.
// Search.Compare gets words of records with their counts, in any order; the counts of a word that
// comes again are added. Search.Suggestions returns the result.
package spelling
