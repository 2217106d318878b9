package duplicates

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/alike"
	"crmkit/store/engine"
)

// Source reads the keys and records of one kind in a workspace, all of one moment. It implements
// alike.Source.
type Source struct {
	Actor  crm.Actor
	Entity *crm.Entity
	Shared bool   // the database is on another machine
	Known  *Known // what was read before; nil: nothing
	Read   func(text string, args []any, each func(scan func(...any) error) error) error
}

// Rows implements alike.Source. The statement finds all rows before it returns one, since only then the
// end of a context stops it.
func (s *Source) Rows(after alike.Place, most int) (rows []alike.Row, err error) {
	const text = `WITH p(h, r, s) AS MATERIALIZED (SELECT hash, record, sketch FROM duplicate_keys
		WHERE workspace_id = $1 AND kind = $2 AND (hash, record) > ($3, $4) ORDER BY hash, record LIMIT $5) SELECT h, r, s FROM p ORDER BY h, r`
	return s.rows(text, s.Actor.Workspace, s.Entity.Name, after.Hash, after.Record, most)
}

// rows reads rows of keys.
func (s *Source) rows(text string, args ...any) (rows []alike.Row, err error) {
	err = s.Read(text, args, func(scan func(...any) error) error {
		var row alike.Row
		err := scan(&row.Hash, &row.Record, &row.Sketch)
		rows = append(rows, row)
		return err
	})
	return rows, err
}

// Around implements alike.Source. Cards of a shared database come with the rows, since a second statement
// takes longer to get there than to run. In a file they are read apart: most sketches do not agree.
func (s *Source) Around(wanted []alike.Wanted) (rows []alike.Row, cards map[int64]*alike.Card, err error) {
	cards = map[int64]*alike.Card{}
	if len(wanted) == 0 {
		return nil, cards, nil
	}
	rows, wanted = s.Known.around(wanted)
	if len(wanted) == 0 {
		return rows, cards, nil
	}
	if !s.Shared {
		more, err := s.unknown(wanted)
		return append(rows, more...), cards, err
	}
	text, args := s.withHashes(wanted)
	r := newReader(s.Entity)
	text = fmt.Sprintf(`SELECT k.hash, k.record, k.sketch, COALESCE(t.key, 0), %s
		FROM (SELECT u.hash, u.record, u.sketch, ROW_NUMBER() OVER (PARTITION BY u.hash ORDER BY u.record) AS place FROM (%s) u) k
		LEFT JOIN %s t ON t.key = k.record AND t.workspace_id = $1 AND k.place <= %d`, strings.TrimPrefix(r.columns, "t.key, "), text, s.Entity.Plural, cardsAtOnce)
	err = s.Read(text, args, func(scan func(...any) error) error {
		var row alike.Row
		rec, err := r.record(func(dest ...any) error { return scan(append([]any{&row.Hash, &row.Record, &row.Sketch}, dest...)...) })
		if err == nil && rec.Key != 0 {
			cards[rec.Key] = alike.Of(rec, s.Actor.Country)
		}
		rows = append(rows, row)
		return nil
	})
	return rows, cards, err
}

// unknown reads the rows with some hashes, and lets Known keep them.
func (s *Source) unknown(wanted []alike.Wanted) (rows []alike.Row, err error) {
	if s.Known == nil {
		text, args := s.withHashes(wanted)
		return s.rows(text, args...)
	}
	all := slices.Clone(wanted)
	for i := range all {
		all[i].Most = alike.MostOf(all[i].Hash)
	}
	text, args := s.withHashes(all)
	if rows, err = s.rows(text, args...); err != nil {
		return nil, err
	}
	s.Known.note(all, rows)
	rows, _ = s.Known.around(wanted)
	return rows, nil
}

// cardsAtOnce is how many records with one hash are read with their rows.
const cardsAtOnce = 40

// withHashes returns the statement for the rows with some hashes.
func (s *Source) withHashes(wanted []alike.Wanted) (text string, args []any) {
	args = []any{s.Actor.Workspace, s.Entity.Name}
	var parts []string
	for _, w := range wanted {
		args = append(args, w.Hash, w.Most)
		parts = append(parts, fmt.Sprintf("SELECT * FROM (SELECT hash, record, sketch FROM duplicate_keys WHERE workspace_id = $1 AND kind = $2 AND hash = $%d ORDER BY record LIMIT $%d) k%d", len(args)-1, len(args), len(args)))
	}
	return strings.Join(parts, " UNION ALL "), args
}

// Cards implements alike.Source.
func (s *Source) Cards(records []int64) (map[int64]*alike.Card, error) {
	cards := make(map[int64]*alike.Card, len(records))
	var unknown []int64
	for _, record := range records {
		if c := s.Known.card(record, s.Actor.Country); c != nil {
			cards[record] = c
		} else {
			unknown = append(unknown, record)
		}
	}
	err := s.read(s.Entity, unknown, func(rec crm.Record) {
		c := alike.Of(rec, s.Actor.Country)
		cards[rec.Key] = c
		own := *c
		s.Known.setCard(&own, s.Actor.Country)
	})
	return cards, err
}

// Domains implements alike.Source.
func (s *Source) Domains(companies []int64) (map[int64][]string, error) {
	domains := map[int64][]string{}
	company := s.Entity.Target(s.Entity.Field("company_id"))
	err := s.read(company, companies, func(rec crm.Record) { domains[rec.Key] = alike.DomainsOf(rec) })
	return domains, err
}

// recordsAtOnce is how many records one statement reads.
const recordsAtOnce = 500

// read reads the records of a kind with some keys. Damaged ones are left out.
func (s *Source) read(e *crm.Entity, keys []int64, each func(crm.Record)) error {
	r := newReader(e)
	for part := range slices.Chunk(keys, recordsAtOnce) {
		text, args, err := s.statement(r, part)
		if err != nil {
			return err
		}
		err = s.Read(text, args, func(scan func(...any) error) error {
			if rec, err := r.record(scan); err == nil {
				each(rec)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// statement returns the statement that reads the records with some keys.
func (s *Source) statement(r reader, keys []int64) (text string, args []any, err error) {
	list, err := json.Marshal(keys)
	text = fmt.Sprintf("WITH p(k) AS MATERIALIZED ("+engine.KeysFromJSON+") SELECT %s FROM %s WHERE t.key = p.k AND t.workspace_id = $2", 1, r.columns, engine.JoinInOrder("p", r.entity.Plural+" t"))
	return text, []any{string(list), s.Actor.Workspace}, err
}

// hashesAtOnce is how many keys one statement looks up.
const hashesAtOnce = 16

// Large implements alike.Source.
func (s *Source) Large(hashes []int64, than int) (large []int64, err error) {
	for part := range slices.Chunk(hashes, hashesAtOnce) {
		args, found := []any{s.Actor.Workspace, s.Entity.Name, than}, make([]any, hashesAtOnce)
		var columns []string
		dest := make([]any, hashesAtOnce)
		for i := range hashesAtOnce { // always as many, so that there is one statement
			args = append(args, part[min(i, len(part)-1)])
			columns = append(columns, fmt.Sprintf("(SELECT 1 FROM duplicate_keys WHERE workspace_id = $1 AND kind = $2 AND hash = $%d ORDER BY record LIMIT 1 OFFSET $3)", len(args)))
			dest[i] = &found[i]
		}
		err := s.Read("SELECT "+strings.Join(columns, ", "), args, func(scan func(...any) error) error { return scan(dest...) })
		if err != nil {
			return nil, err
		}
		for i, hash := range part {
			if found[i] != nil {
				large = append(large, hash)
			}
		}
	}
	return large, nil
}

// pairsAtOnce is how many pairs one statement looks up.
const pairsAtOnce = 50

// Dismissed implements alike.Source.
func (s *Source) Dismissed(pairs [][2]int64) (map[[2]int64]bool, error) {
	dismissed := map[[2]int64]bool{}
	for part := range slices.Chunk(pairs, pairsAtOnce) {
		args, these := []any{s.Actor.Workspace, s.Entity.Name}, []string{}
		for _, pair := range part {
			args = append(args, pair[0], pair[1])
			these = append(these, fmt.Sprintf("record = $%d AND other = $%d", len(args)-1, len(args)))
		}
		text := "SELECT record, other FROM dismissed_pairs WHERE workspace_id = $1 AND kind = $2 AND (" + strings.Join(these, " OR ") + ")"
		err := s.Read(text, args, func(scan func(...any) error) error {
			var pair [2]int64
			err := scan(&pair[0], &pair[1])
			dismissed[pair] = true
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return dismissed, nil
}
