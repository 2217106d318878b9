package products

import "testing"

// TestLanguagesAgree checks that no name of a column has two meanings for a kind of record: in two
// languages, or in English and another one. The first one would win in silence.
func TestLanguagesAgree(t *testing.T) {
	for kind, of := range map[string]struct {
		english []Column
		list    func(*language) [][]Column
	}{
		"contact":  {generalContact, func(l *language) [][]Column { return [][]Column{l.contact, l.place} }},
		"company":  {generalCompany, func(l *language) [][]Column { return [][]Column{l.company, l.place} }},
		"deal":     {generalDeal, func(l *language) [][]Column { return [][]Column{l.deal, l.party} }},
		"ticket":   {generalTicket, func(l *language) [][]Column { return [][]Column{l.ticket, requesters(l.party)} }},
		"task":     {generalTask, func(l *language) [][]Column { return [][]Column{l.task, l.party} }},
		"activity": {generalActivity, func(l *language) [][]Column { return [][]Column{l.activity, l.party} }},

		"campaign_member": {generalMember, func(l *language) [][]Column { return [][]Column{l.party} }},
	} {
		seen := map[string]string{}
		blocks := [][]Column{of.english}
		for _, l := range languages {
			blocks = append(blocks, of.list(l)...)
		}
		for _, rows := range blocks {
			for _, row := range rows {
				for _, name := range row.Names {
					if other := seen[Fold(name)]; other != "" && other != row.Path {
						t.Errorf("%q of a %s means %s and %s", name, kind, other, row.Path)
					}
					seen[Fold(name)] = row.Path
				}
			}
		}
	}
}
