package merging

import (
	"strings"
	"time"
	"unicode/utf8"

	"crmkit/crm"
)

// Story is a merge that happened.
type Story struct {
	Before, After crm.Record   // the winner
	Others        []crm.Record // as they were
	Country       string       // in which phone numbers are read
	Most          int          // characters of a text
}

// Texts returns the texts of the activities that record a merge, for each of the others: which record
// it was, and a line for each value that is left over. The values that the winner gave up are with the
// first. What is too long for one text continues in another.
func Texts(s Story) [][]string {
	all := make([][]string, len(s.Others))
	for i, other := range s.Others {
		left := LeftOver(s.After, other, s.Country)
		if i == 0 {
			for _, l := range LeftOver(s.After, s.Before, s.Country) {
				left = append(left, Left{"before the merge, " + l.Name, l.Text})
			}
		}
		all[i] = split(head(other, left), left, s.Most)
	}
	return all
}

// head returns the first line of a text.
func head(other crm.Record, left []Left) string {
	made := time.UnixMilli(other.Value(crm.FieldCreatedAt).Int).UTC().Format(time.DateOnly)
	line := strings.TrimSpace("merged "+other.Handle()+" "+other.Value(other.Entity.LabelField).Text) + ", made " + made + " by " + other.Value(crm.FieldCreatedBy).Text
	if len(left) > 0 {
		return line + "; it also had:"
	}
	return line + "; it had nothing else"
}

// split returns the lines of a text, in as many texts as their greatest length needs.
func split(head string, left []Left, most int) (texts []string) {
	rest := head
	for _, l := range left {
		rest += "\n" + l.Name + ": " + l.Text
	}
	for utf8.RuneCountInString(rest) > most {
		cut := 0
		for range most {
			_, size := utf8.DecodeRuneInString(rest[cut:])
			cut += size
		}
		if line := strings.LastIndexByte(rest[:cut], '\n'); line > cut/2 { // else it is within one long value
			cut = line
		}
		texts = append(texts, rest[:cut])
		rest = head + " (continued)\n" + strings.TrimPrefix(rest[cut:], "\n")
	}
	return append(texts, rest)
}
