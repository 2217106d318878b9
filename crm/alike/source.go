package alike

import (
	"cmp"
	"maps"
	"slices"
)

// Source is what is read of the records of one kind.
type Source interface {
	// Rows returns the rows after a place, sorted by hash and record.
	Rows(after Place, most int) ([]Row, error)
	// Around returns the rows with some hashes, those of the oldest records. It may return cards of some of
	// their records too, where reading them at once costs less.
	Around(wanted []Wanted) ([]Row, map[int64]*Card, error)
	// Large returns those of some hashes that more than so many records have.
	Large(hashes []int64, than int) ([]int64, error)
	// Cards returns the cards of records; those that are gone are missing.
	Cards(records []int64) (map[int64]*Card, error)
	// Domains returns the domains of companies.
	Domains(companies []int64) (map[int64][]string, error)
	// Dismissed returns those of some pairs of records that somebody said are different.
	Dismissed(pairs [][2]int64) (map[[2]int64]bool, error)
}

// addDomains gives a card the domains of its company, if it is compared by its name with one that has an
// address of a company and does not name the company.
func addDomains(source Source, cards map[int64]*Card, batch []candidate) error {
	var companies []int64
	var without []*Card
	for _, c := range batch {
		a, b := cards[c.a.Record], cards[c.b.Record]
		for _, pair := range [][2]*Card{{a, b}, {b, a}} {
			if a != nil && b != nil && sortOf(c.a.Hash) == byName && pair[0].company != 0 && pair[1].company == 0 && len(pair[1].domains) > 0 {
				companies, without = append(companies, pair[0].company), append(without, pair[0])
			}
		}
	}
	if len(companies) == 0 {
		return nil
	}
	slices.Sort(companies)
	domains, err := source.Domains(slices.Compact(companies))
	for _, c := range without {
		c.companyDomains = domains[c.company]
	}
	return err
}

// Wanted says how many rows with a hash are wanted at most.
type Wanted struct {
	Hash int64
	Most int
}

// The bounds of a look for the likes of one record, for which other writes wait.
const (
	maxRows    = 500  // of a company or domain; with more people, only the oldest are compared
	maxAllRows = 1000 // of all its companies and domains
	maxNear    = 50   // records that are compared
)

// wantedOf returns what is read for the keys of a record. Of a number or a name that too many
// have, one row more is read than are compared.
func wantedOf(keys []Key) (list []Wanted) {
	weak := 0
	for _, key := range keys {
		if maxBlock(key.Hash) > maxAlike {
			weak++
		}
	}
	for _, key := range keys {
		most := maxAlike + 1
		if maxBlock(key.Hash) > maxAlike {
			most = min(maxRows, maxAllRows/weak)
		}
		list = append(list, Wanted{key.Hash, most})
	}
	return list
}

// Near returns the records that look like one, the surest first. It reads the record's keys and a few
// records, however many there are. The record itself may be stored already.
func Near(source Source, card *Card) (pairs []Pair, err error) {
	keys := map[int64]Key{}
	for _, key := range card.Keys() {
		keys[key.Hash] = key
	}
	rows, cards, err := source.Around(wantedOf(card.Keys()))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	size := map[int64]int{}
	for _, row := range rows {
		size[row.Hash]++
	}
	batch := nearest(card, keys, rows, size)
	if err := addCards(source, cards, batch); err != nil {
		return nil, err
	}
	cards[card.Key] = card
	if err := addDomains(source, cards, batch); err != nil {
		return nil, err
	}
	for _, c := range batch {
		if other := cards[c.b.Record]; other != nil {
			if f := Compare(card, other, size[hashOf(byName, card.name.key)]); f.Verdict != None {
				pairs = append(pairs, Pair{card, other, f})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b Pair) int { return sureness(b.Verdict) - sureness(a.Verdict) })
	return pairs, nil
}

// addCards reads the cards of candidates that are missing.
func addCards(source Source, cards map[int64]*Card, batch []candidate) error {
	var missing []int64
	for _, c := range batch {
		if cards[c.b.Record] == nil {
			missing = append(missing, c.b.Record)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	more, err := source.Cards(missing)
	maps.Copy(cards, more)
	return err
}

func sureness(v Verdict) int {
	if v == Same {
		return 1
	}
	return 0
}

// nearest returns the candidates among rows that have a key of a record, each other record once, those
// with the key that says most first.
func nearest(card *Card, keys map[int64]Key, rows []Row, size map[int64]int) (batch []candidate) {
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Or(cmp.Compare(a.Hash, b.Hash), cmp.Compare(a.Record, b.Record)) })
	seen := map[int64]bool{card.Key: true}
	for _, row := range rows {
		n := size[row.Hash]
		if seen[row.Record] || n > maxBlock(row.Hash) || len(batch) == maxNear {
			continue
		}
		if sortOf(row.Hash) != byName && !mayAgree(keys[row.Hash], row.Key, n) {
			continue
		}
		seen[row.Record] = true
		batch = append(batch, candidate{a: Row{keys[row.Hash], card.Key}, b: row, size: n})
	}
	return batch
}
