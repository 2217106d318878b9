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
	MaxRows    = 100 // of a company or domain; with more people, only the oldest are compared
	maxAllRows = 200 // of all its companies and domains
	MaxNear    = 50  // records that are compared

	MaxOfKey = max(MaxRows, MaxAlike+1) // rows with one key
)

// WantedOf returns what Near reads for the keys of a record. Of a number or a name that too many
// have, one row more is read than are compared.
func WantedOf(keys []Key) (list []Wanted) {
	weak := 0
	for _, key := range keys {
		if MostOf(key.Hash) == MaxRows {
			weak++
		}
	}
	for _, key := range keys {
		most := MostOf(key.Hash)
		if most == MaxRows {
			most = min(MaxRows, maxAllRows/weak)
		}
		list = append(list, Wanted{key.Hash, most})
	}
	return list
}

// MostOf returns how many rows with a hash may be wanted at most, by WantedOf.
func MostOf(hash int64) int {
	if maxBlock(hash) > MaxAlike {
		return MaxRows
	}
	return MaxAlike + 1
}

// Likes are the records that look like one.
type Likes struct {
	Pairs []Pair // the surest first
	Many  []Row  // if the record has nothing but a name that more have than are compared: some with it
}

// Near returns the records that look like one. It reads the record's keys and a few records, however many
// there are. The record itself may be stored already.
func Near(source Source, card *Card) (likes Likes, err error) {
	keys := map[int64]Key{}
	for _, key := range card.Keys() {
		keys[key.Hash] = key
	}
	rows, cards, err := source.Around(WantedOf(card.Keys()))
	if err != nil || len(rows) == 0 {
		return likes, err
	}
	blocks := blocksOf(rows)
	batch := nearest(card, keys, blocks)
	if err := addCards(source, cards, batch); err != nil {
		return likes, err
	}
	cards[card.Key] = card
	if err := addDomains(source, cards, batch); err != nil {
		return likes, err
	}
	named := blocks[hashOf(byName, card.name.key)]
	namesakes := countNamesakes(named)
	for _, c := range batch {
		if other := cards[c.b.Record]; other != nil {
			if f := Compare(card, other, namesakes); f.Verdict != None {
				likes.Pairs = append(likes.Pairs, Pair{card, other, f})
			}
		}
	}
	slices.SortStableFunc(likes.Pairs, func(a, b Pair) int { return sureness(b.Verdict) - sureness(a.Verdict) })
	if card.isEmpty() && len(named) > MaxAlike {
		likes.Many = slices.DeleteFunc(named, func(row Row) bool { return row.Record == card.Key })
	}
	return likes, nil
}

// Candidates returns the keys of the records whose cards Near will read for a card, if these are the rows
// with its keys.
func Candidates(card *Card, rows []Row) (records []int64) {
	keys := map[int64]Key{}
	for _, key := range card.Keys() {
		keys[key.Hash] = key
	}
	for _, c := range nearest(card, keys, blocksOf(rows)) {
		records = append(records, c.b.Record)
	}
	return records
}

// blocksOf returns the rows with each hash.
func blocksOf(rows []Row) map[int64][]Row {
	blocks := map[int64][]Row{}
	for _, row := range rows {
		blocks[row.Hash] = append(blocks[row.Hash], row)
	}
	return blocks
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

// nearest returns the candidates among the rows that have a key of a record, each other record once,
// those with the key that says most first.
func nearest(card *Card, keys map[int64]Key, blocks map[int64][]Row) (batch []candidate) {
	seen := map[int64]bool{card.Key: true}
	for _, hash := range slices.Sorted(maps.Keys(blocks)) {
		rows := blocks[hash]
		namesakes := countNamesakes(rows)
		slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.Record, b.Record) })
		for _, row := range rows {
			if seen[row.Record] || len(batch) == MaxNear || !isNear(card, keys[hash], row, block{len(rows), namesakes}) {
				continue
			}
			seen[row.Record] = true
			batch = append(batch, candidate{a: Row{keys[hash], card.Key}, b: row, namesakes: namesakes})
		}
	}
	return batch
}

// block is how many records have a key.
type block struct{ records, namesakes int }

// isNear reports whether a record is compared with a row that has a key of it. Of a name that too many
// have, those that have nothing else are.
func isNear(card *Card, key Key, row Row, of block) bool {
	isName := sortOf(key.Hash) == byName
	switch bare := card.isEmpty() && row.Sketch&(isEmpty|isRest) != 0; {
	case isName && bare:
		return true
	case of.records > maxBlock(key.Hash):
		return false
	case isName && (key.Sketch^row.Sketch)&isEmpty == 0: // the company of one may have the domain of the other
		return true
	}
	return mayAgree(key, row.Key, of.namesakes)
}
