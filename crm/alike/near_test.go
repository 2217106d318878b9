package alike

import (
	"fmt"
	"testing"

	"crmkit/crm"
)

// counted counts the rows that Near reads.
type counted struct {
	*memory
	rows int
}

func (c *counted) Around(wanted []Wanted) ([]Row, map[int64]*Card, error) {
	rows, cards, err := c.memory.Around(wanted)
	c.rows += len(rows)
	return rows, cards, err
}

// TestNearIsBounded looks for the likes of a record that shares as many numbers, mailboxes, domains and a
// company as have keys, each with thousands. It reads no more rows than the bounds allow, and still
// finds the one that is alike by the company.
func TestNearIsBounded(t *testing.T) {
	var list []crm.Record
	for i := range 3000 {
		rec := crm.NewRecord(entity(t, "contact"))
		rec.Key = int64(i + 1)
		rec.Set("name", crm.Str(fmt.Sprintf("Q%d Z%d", i*7919, i*104729)))
		var addresses []string
		for n := range maxOfSort {
			addresses = append(addresses, fmt.Sprintf("boss+%d@d%d.test", i, n))
		}
		rec.Set("other_emails", crm.Labels(addresses))
		rec.Set("other_phones", crm.Labels([]string{"+49 30 1000001", "+49 30 1000002", "+49 30 1000003", "+49 30 1000004"}))
		rec.Set("company_id", crm.Key(1))
		list = append(list, rec)
	}
	list[5].Set("name", crm.Str("Waldemar Zimmermann"))
	list[2999].Set("name", crm.Str("Waldemar Zimmerman"))
	source := &counted{memory: newMemory(list, "DE")}
	likes, err := Near(source, source.cards[3000])
	if most := maxAllRows + (2*maxOfSort+1)*(MaxAlike+1); err != nil || source.rows > most || source.rows < maxAllRows {
		t.Errorf("%d rows, at most %d; %v", source.rows, most, err)
	}
	if len(likes.Pairs) != 1 || likes.Pairs[0].B.Key != 6 {
		t.Errorf("%d pairs", len(likes.Pairs))
	}
}
