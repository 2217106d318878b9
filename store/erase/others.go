package erase

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/changelog"
	"crmkit/store/table"
	"crmkit/store/visits"
)

// A record that was merged into another one, and came back by an undo, has left its values in the log of
// the other one: in the entry of the merge, and in later ones that say what was before. These are taken out.
// The other record itself keeps what it has.

// merge is an entry that says that the record was merged into another one.
type merge struct {
	number, group int64
	winner        string // the handle of the other one
	had           []crm.Member
}

// merges returns the merges of a record that its log still has.
func (s *step) merges(t Target) (list []merge, err error) {
	text := "SELECT key, COALESCE(change_group, 0), COALESCE(before, ''), COALESCE(after, '') FROM log WHERE workspace_id = $1 AND target = $2 AND action = 'merge' AND " + stillHas + " ORDER BY key"
	err = s.tx.Rows(text, []any{s.tx.Actor.Workspace, t.Handle()}, func(scan func(...any) error) error {
		var key int64
		var m merge
		var before, after string
		err := scan(&key, &m.group, &before, &after)
		m.number, m.had, m.winner = crm.RecordNumber(key), norm.ParseObject(before), changelog.MergedIntoOf(norm.ParseObject(after))
		if m.group == 0 {
			m.group = m.number
		}
		list = append(list, m)
		return err
	})
	return list, err
}

// came are values of a record that came from another one.
type came struct {
	values map[string][]string // JSON by the names of members in entries, with digests under their own names
	items  map[string][]string // items of lists, in JSON
}

// given returns the values that a merge gave to the other record.
func (s *step) given(m merge) (g came, err error) {
	g = came{map[string][]string{}, map[string][]string{}}
	had := ownOf(m.had)
	text := "SELECT COALESCE(before, ''), COALESCE(after, '') FROM log WHERE workspace_id = $1 AND change_group = $2 AND target = $3 AND action = 'update'"
	err = s.tx.Rows(text, []any{s.tx.Actor.Workspace, m.group, m.winner}, func(scan func(...any) error) error {
		var before, after string
		if err := scan(&before, &after); err != nil {
			return err
		}
		was := changelog.ByName(norm.ParseObject(before))
		for _, is := range norm.ParseObject(after) {
			g.note(had, is, was)
		}
		return nil
	})
	return g, err
}

// own are the values that a record had.
type own struct {
	members map[string]string // JSON by name
	texts   map[string]bool   // JSON of texts, and of items of lists
}

func ownOf(had []crm.Member) own {
	o := own{changelog.ByName(had), map[string]bool{}}
	for _, m := range had {
		if strings.HasPrefix(m.JSON, `"`) {
			o.texts[m.JSON] = true
		}
		for _, item := range itemsOf(m.JSON) {
			o.texts[item] = true
		}
	}
	return o
}

// itemsOf returns the items of a list, in JSON.
func itemsOf(json string) (items []string) {
	if !strings.HasPrefix(json, "[") {
		return nil
	}
	for _, text := range table.Strings(json) {
		items = append(items, string(norm.AppendQuoted(nil, text)))
	}
	return items
}

// note notes a value that the other record had after the merge, if it came from the record.
func (g came) note(had own, is crm.Member, was map[string]string) {
	name, long := strings.CutPrefix(is.Name, changelog.DigestMark)
	json, there := had.members[name]
	switch {
	case is.Name == changelog.CauseName:
	case long && there && changelog.DigestOf(json) == is.JSON:
		g.values[is.Name] = append(g.values[is.Name], is.JSON)
		g.values[name] = append(g.values[name], json)
	case strings.HasPrefix(is.JSON, "["):
		before := itemsOf(was[name])
		for _, item := range itemsOf(is.JSON) {
			if had.texts[item] && !slices.Contains(before, item) {
				g.items[name] = append(g.items[name], item)
			}
		}
	case there && json == is.JSON:
		g.values[name] = append(g.values[name], json)
	}
}

// without returns members without the values that came from the record, and whether some are missing.
func (g came) without(members []crm.Member) (list []crm.Member, some bool) {
	for _, m := range members {
		if slices.Contains(g.values[m.Name], m.JSON) {
			some = true
			continue
		}
		if gone := g.items[m.Name]; len(gone) > 0 {
			items := itemsOf(m.JSON)
			left := slices.DeleteFunc(slices.Clone(items), func(item string) bool { return slices.Contains(gone, item) })
			if len(left) < len(items) {
				some, m.JSON = true, "["+strings.Join(left, ",")+"]"
			}
		}
		list = append(list, m)
	}
	return list, some
}

// others takes the values of a record out of the entries of those that it was merged into, from the last entry
// to that of the merge, which is needed until then. next is the place at which the next step goes on, 0 if
// nothing is left.
func (s *step) others(t Target, place int64) (next int64, err error) {
	for {
		list, err := s.merges(t)
		if err != nil || len(list) == 0 {
			return 0, err
		}
		m := list[0]
		g, err := s.given(m)
		if err != nil {
			return 0, err
		}
		if place == 0 {
			l, err := s.tx.Counters()
			if err != nil {
				return 0, err
			}
			place = l.Last + 1
		}
		if err := s.clearVisits(t, m, g); err != nil {
			return 0, err
		}
		if next, err := s.clear(m, g, place); next != 0 || err != nil {
			return next, err
		}
		if _, err := s.entries(t.Handle(), fmt.Sprintf("key = %d", crm.RecordKey(s.tx.Actor.Workspace, m.number)), firstFirst); err != nil {
			return 0, err
		}
		place = 0
	}
}

// clearVisits deletes the visits of the other record to a stage that it had from a merge, and has left.
func (s *step) clearVisits(t Target, m merge, g came) error {
	key, fault := crm.ParseID(t.Entity, s.tx.Actor.Workspace, crm.CutHandle(m.winner))
	if fault != crm.IDOK {
		return nil
	}
	for _, json := range g.values[crm.FieldStage] {
		if stage, is := norm.Unquote(json); is {
			if err := visits.Forget(s.tx, t.Entity, key, stage); err != nil {
				return err
			}
		}
	}
	return nil
}

// clear takes values out of the entries of a record that follow a merge, below a place. next is where it goes on,
// 0 if nothing is left.
func (s *step) clear(m merge, g came, place int64) (next int64, err error) {
	w := s.tx.Actor.Workspace
	text := fmt.Sprintf("SELECT key, COALESCE(before, ''), COALESCE(after, '') FROM log WHERE workspace_id = $1 AND target = $2 AND key > $3 AND key < $4 AND %s ORDER BY key DESC LIMIT %d", stillHas, pageEntries)
	for {
		if s.full() {
			return place, nil
		}
		var list []held
		err := s.tx.Rows(text, []any{w, m.winner, crm.RecordKey(w, m.number), crm.RecordKey(w, place)}, func(scan func(...any) error) error {
			list = append(list, held{})
			last := &list[len(list)-1]
			return scan(&last.key, &last.before, &last.after)
		})
		if err != nil || len(list) == 0 {
			return 0, err
		}
		for _, e := range list {
			if err := s.clearEntry(g, e); err != nil {
				return 0, err
			}
			place = crm.RecordNumber(e.key)
		}
	}
}

// held is what an entry holds.
type held struct {
	key           int64
	before, after string
}

// clearEntry takes values out of one entry.
func (s *step) clearEntry(g came, e held) error {
	before, some := g.without(norm.ParseObject(e.before))
	after, more := g.without(norm.ParseObject(e.after))
	if !some && !more {
		return nil
	}
	left, _ := table.Arg(crm.Members(after)).(string)
	return s.put(row{e.key, int64(len(e.before) + len(e.after))}, table.Arg(crm.Members(before)), left)
}
