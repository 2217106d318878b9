// Package norm holds the normal forms of the values that people and programs
// send: text, e-mail addresses, host names, phone numbers, times, numbers,
// amounts and JSON. Every package reads these values through it, so that there
// is one grammar of each. It also holds the two comparisons that a form alone
// does not answer: how far two words are apart, and whether a text contains a
// part.
//
// It knows neither entities nor records, and imports nothing of this module. It
// does no I/O and keeps no state.
//
// Two rules hold for every form. Normalising a normal form changes nothing, so
// that a value can be read, sent back and compared. And the work is bounded by
// the length of the input, whatever the input is.
package norm
