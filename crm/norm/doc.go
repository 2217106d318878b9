// Package norm has the normal forms of the values that people and programs
// send: text, names, e-mail addresses, host names, phone numbers, times, numbers,
// amounts and JSON. Every package reads these values through it, so that there
// is one grammar of each. It also has three comparisons for which a normal form is
// not enough: the edit distance of words, whether a text contains another, and
// whether two names have the same words.
//
// It knows neither entities nor records, imports nothing of this module, does no
// I/O and has no state.
//
// Two rules hold for every form. Normalising a normal form changes nothing, so
// that a value can be read, sent back and compared. And the work is bounded by
// the length of the input, whatever the input is.
package norm
