// Package alike says whether two records may be of one person, or of one company. It is pure: it
// reads two records and knows no other, except how many records have the same name.
//
// # Verdicts
//
// Compare looks at the names first. They are the same, one or two letters apart, one a part of the
// other, a nickname, or different (name.go). What a relation of names means depends on what else the
// records share. The rules are a table, from the strongest to the weakest (verdict.go):
//
//   - same: an id of another product, an e-mail address or a phone number is the same, and the
//     names agree. A program may merge the two after a look.
//   - likely: a name that agrees and the same company or domain; a phone number and a part of a
//     name. A person decides. A nickname is never more than likely, nor is a shared number with
//     another name: colleagues share numbers, and families do.
//   - none: all else. The same name alone is not evidence: of a hundred thousand people, thousands
//     have a namesake. But nothing speaks against two records that have nothing but the name: most
//     often somebody wrote one twice. They are likely, however many there are.
//
// Two people at one company may have one name. The administrator of their mail then numbers their
// addresses (j.doe@ and j.doe2@), so such a pair is not reported.
//
// # Keys
//
// Nobody compares all pairs. Of many records with one name and nothing else, each is paired with one
// of the others (star.go).
// Each record has a few keys, whole numbers, and only records with a
// common key are compared: a phone number, the name, the company, the domain of the address, the
// mailbox (keys.go). All people of a company have a common key, so a key comes with a sketch of the
// name, 64 bits, which tells without a look at the records that two names cannot agree
// (sketch.go). Keys are not of a language or a country, so they stay as they are when the
// country of a workspace changes.
//
// The aim, measured by measure_test.go: of a hundred pairs called same 99 are, of a hundred called
// likely 80, and of a hundred doubles 90 are found.
package alike
