package duplicates

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"crmkit/crm/alike"
	"crmkit/store/engine"
)

// Known is what a transaction has read of the keys and cards of one kind in a workspace. What changes a
// record corrects it, or drops it. A Known that is nil knows nothing.
type Known struct {
	rows  map[int64][]alike.Row // by hash: of the oldest records, alike.MaxOfKey at most, in the order of the records
	size  int                   // how many hashes and rows were noted
	cards map[int64]card        // by record
}

// card is a card, and the country for which its phone numbers were read.
type card struct {
	country string
	*alike.Card
}

// NewKnown returns a Known to be filled.
func NewKnown() *Known {
	return &Known{rows: map[int64][]alike.Row{}, cards: map[int64]card{}}
}

// around returns the rows with some hashes, and those hashes of which it does not know the rows.
func (k *Known) around(wanted []alike.Wanted) (rows []alike.Row, unknown []alike.Wanted) {
	if k == nil {
		return nil, wanted
	}
	for _, w := range wanted {
		some, there := k.rows[w.Hash]
		if !there || w.Most > alike.MaxOfKey {
			unknown = append(unknown, w)
			continue
		}
		rows = append(rows, some[:min(len(some), w.Most)]...)
	}
	return rows, unknown
}

// note keeps the rows with some hashes: of each as many as may ever be wanted, or all.
func (k *Known) note(hashes []alike.Wanted, rows []alike.Row) {
	if k.size += len(hashes) + len(rows); k.size > maxKnownRows {
		clear(k.rows)
		k.size = 0
	}
	for _, w := range hashes {
		k.rows[w.Hash] = nil
	}
	for _, row := range rows {
		k.rows[row.Hash] = append(k.rows[row.Hash], row)
	}
	for _, w := range hashes { // SQL promises no order of the parts of a union
		sortByRecord(k.rows[w.Hash])
	}
}

func sortByRecord(rows []alike.Row) {
	slices.SortFunc(rows, func(a, b alike.Row) int { return cmp.Compare(a.Record, b.Record) })
}

// card returns a copy of the card of a record, or nil if it is not known. The copy may be changed.
func (k *Known) card(record int64, country string) *alike.Card {
	if k == nil {
		return nil
	}
	c, there := k.cards[record]
	if !there || c.country != country {
		return nil
	}
	own := *c.Card
	return &own
}

// add adds a row that was written, or replaces its sketch.
func (k *Known) add(row alike.Row) {
	if k == nil {
		return
	}
	rows, there := k.rows[row.Hash]
	if !there {
		return
	}
	at, replaced := slices.BinarySearchFunc(rows, row.Record, func(r alike.Row, record int64) int { return cmp.Compare(r.Record, record) })
	if replaced {
		rows[at] = row
		return
	}
	rows = slices.Insert(rows, at, row)
	k.rows[row.Hash] = rows[:min(len(rows), alike.MaxOfKey)]
}

// setCard notes the card of a record as it is now.
func (k *Known) setCard(c *alike.Card, country string) {
	if k == nil {
		return
	}
	if len(k.cards) >= maxKnownCards {
		clear(k.cards)
	}
	k.cards[c.Key] = card{country, c}
}

// The bounds of what a Known keeps. With more, it begins anew.
const (
	maxKnownRows  = 20_000
	maxKnownCards = 5_000
)

// AskRows returns the statement that reads the rows with the keys of some cards.
func (k *Known) AskRows(s *Source, cards []*alike.Card) (engine.Question, error) {
	hashes := map[int64]bool{}
	var list []int64
	for _, c := range cards {
		for _, key := range c.Keys() {
			if !hashes[key.Hash] {
				hashes[key.Hash], list = true, append(list, key.Hash)
			}
		}
	}
	for _, hash := range list {
		k.rows[hash] = nil
	}
	text, err := json.Marshal(list)
	n := 0
	return engine.Question{Text: askRows, Args: []any{s.Actor.Workspace, s.Entity.Name, string(text), alike.MaxOfKey, maxKnownRows + 1}, Each: func(scan func(...any) error) error {
		var row alike.Row
		err := scan(&row.Hash, &row.Record, &row.Sketch)
		if n++; n > maxKnownRows {
			clear(k.rows)
		} else {
			k.rows[row.Hash] = append(k.rows[row.Hash], row)
		}
		return err
	}}, err
}

const askRows = `SELECT r.hash, r.record, r.sketch FROM keys_of($3) h CROSS JOIN LATERAL
	(SELECT hash, record, sketch FROM duplicate_keys WHERE workspace_id = $1 AND kind = $2 AND hash = h.value ORDER BY record LIMIT $4) r LIMIT $5`

// AskCards returns the statements that read the cards of the records with which some cards will be
// compared.
func (k *Known) AskCards(s *Source, cards []*alike.Card) (list []engine.Question, err error) {
	for _, rows := range k.rows {
		sortByRecord(rows)
	}
	wanted := map[int64]bool{}
	for _, c := range cards {
		rows, _ := k.around(alike.WantedOf(c.Keys())) // all are known, or none
		for _, record := range alike.Candidates(c, rows) {
			wanted[record] = true
		}
	}
	r := newReader(s.Entity)
	for part := range slices.Chunk(slices.Sorted(maps.Keys(wanted)), recordsAtOnce) {
		text, args, err := s.statement(r, part)
		if err != nil {
			return nil, err
		}
		list = append(list, engine.Question{Text: text, Args: args, Each: func(scan func(...any) error) error {
			if rec, err := r.record(scan); err == nil {
				k.setCard(alike.Of(rec, s.Actor.Country), s.Actor.Country)
			}
			return nil
		}})
	}
	return list, nil
}
