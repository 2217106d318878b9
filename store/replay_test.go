package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/store/changelog"
	"crmkit/store/storetest/kit"
	"crmkit/store/table"
)

// state is the records of a workspace at one time: by handle and field, the values as they are
// stored, without those derived from other records.
type state map[string]map[string]string

// stateNow returns the present state of a workspace.
func (f *fixture) stateNow(actor crm.Actor) state {
	f.t.Helper()
	now := state{}
	for _, e := range f.Schema.Records() {
		page := f.list(actor, e.Name, "limit=200&sort=id")
		if page.More {
			f.t.Fatalf("more %s than a page has", e.Plural)
		}
		for _, rec := range page.Records {
			values := map[string]string{}
			for i, v := range rec.Values {
				if field := &e.Fields[i]; v.Set() && field.Stored() && !field.Derived() {
					values[field.Name] = storedText(v)
				}
			}
			now[rec.Handle()] = values
		}
	}
	return now
}

func storedText(v crm.Value) string { return fmt.Sprint(table.Arg(v)) }

// program is a random series of writes on all kinds of records, with the state after each.
type program struct {
	servers servers
	f       *fixture // the server at hand
	actor   crm.Actor
	random  *rand.Rand
	states  map[int64]state // by the number of the last entry of the log
}

// step creates, updates or deletes a record.
func (p *program) step() {
	p.f = p.servers[p.random.IntN(len(p.servers))]
	f := p.f
	f.clock.Advance(time.Duration(p.random.IntN(5)-1) * time.Second) // sometimes back
	all := map[string][]crm.Record{}
	var any []crm.Record
	for _, e := range f.Schema.Records() {
		all[e.Name] = f.list(p.actor, e.Name, "limit=200&sort=id").Records
		any = append(any, all[e.Name]...)
	}
	switch n := p.random.IntN(10); {
	case n < 4 || len(any) < 8:
		e := f.Schema.Records()[p.random.IntN(len(f.Schema.Records()))]
		_, _ = f.trySave(p.actor, p.draft(e, all)) // it fails if it needs a reference that it does not have
	case n < 9:
		rec := any[p.random.IntN(len(any))]
		_, _ = f.tryUpdate(p.actor, rec.Key, p.draft(rec.Entity, all))
	default:
		rec := any[p.random.IntN(len(any))]
		if err := f.tryRemove(p.actor, rec); err != nil && (rec.Entity.Name != "deal_contact" || kit.CodeOf(err) != crm.InUse) { // the tie of a main contact stays
			f.t.Fatalf("delete %s: %v", rec.Handle(), err)
		}
		if err := f.Settle(f.t.Context()); err != nil {
			f.t.Fatal(err)
		}
	}
	p.states[p.last()] = f.stateNow(p.actor)
}

// last returns the number of the last entry of the log.
func (p *program) last() (n int64) {
	row := p.f.raw(1, "SELECT last FROM usage WHERE workspace_id = $1 AND kind = 'storage'", p.actor.Workspace)
	fmt.Sscan(row[0], &n)
	return n
}

// draft returns values for some fields of a record.
func (p *program) draft(e *crm.Entity, all map[string][]crm.Record) Draft {
	d := Draft{Entity: e}
	for i := range e.Fields {
		field := &e.Fields[i]
		if field.ReadOnly || !field.Stored() || p.random.IntN(3) == 0 && !field.Required {
			continue
		}
		if field.IsReference() && len(all[field.Ref]) == 0 {
			continue
		}
		d.Inputs = append(d.Inputs, p.input(field, all))
	}
	return d
}

func (p *program) input(field *crm.Field, all map[string][]crm.Record) crm.Input {
	word := func() string { return []string{"a", "b", "é", "0", "Z z"}[p.random.IntN(5)] }
	switch field.Type {
	case fieldtype.Tags:
		return crm.Input{Field: field, Value: crm.Labels(slices.Compact([]string{word(), word() + "2"}))}
	case fieldtype.Object:
		in := crm.Input{Field: field, Mode: []crm.Mode{crm.MergeMembers, crm.MergeMembers, crm.Set}[p.random.IntN(3)]}
		in.Value = crm.Members([]crm.Member{{Name: "z" + word(), JSON: fmt.Sprint(p.random.IntN(3))}, {Name: "k" + word(), JSON: `"` + strings.Repeat(word(), p.random.IntN(300)) + `"`}})
		if in.Mode == crm.MergeMembers {
			in.Remove = []string{"k" + word()}
		}
		return in
	case fieldtype.Text:
		if field.Max > 1000 && p.random.IntN(2) == 0 { // longer than a value that an entry has after the change
			return crm.Input{Field: field, Value: crm.Str(strings.Repeat(word(), 1+p.random.IntN(1000)))}
		}
	}
	return randomInput(field, p.random, all)
}

// entryRow is an entry of the log as it is stored.
type entryRow struct {
	number, version int64
	action, target  string
	before, after   []crm.Member
}

// entries returns the log of a workspace, newest first.
func (f *fixture) entries(workspace int64) (list []entryRow) {
	f.t.Helper()
	err := f.Read(f.t.Context(), func(v *ReadTx) error {
		return v.Rows(f.t.Context(), `SELECT key, COALESCE(version, 0), action, target, COALESCE(before, ''), COALESCE(after, '')
			FROM log WHERE workspace_id = $1 ORDER BY key DESC`, []any{workspace}, func(scan func(...any) error) error {
			var e entryRow
			var before, after string
			err := scan(&e.number, &e.version, &e.action, &e.target, &before, &after)
			e.number, e.before, e.after = crm.RecordNumber(e.number), norm.ParseObject(before), norm.ParseObject(after)
			list = append(list, e)
			return err
		})
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// undo takes an entry of the log out of a state.
func (s state) undo(f *fixture, e entryRow) {
	kind, _, _ := strings.Cut(e.target, "/")
	entity := f.Schema.ByName(kind)
	if entity == nil || entity.IsView() {
		return
	}
	switch e.action {
	case "create":
		delete(s, e.target)
	case "delete":
		s[e.target] = undone(f, entity, map[string]string{}, e)
		s[e.target]["version"] = fmt.Sprint(e.version)
	default:
		s[e.target] = undone(f, entity, s[e.target], e)
		s[e.target]["version"] = fmt.Sprint(e.version - 1)
	}
}

// undone returns the values of a record before an entry, from those after it: without the values
// that the entry set, and with the values that it replaced.
func undone(f *fixture, entity *crm.Entity, after map[string]string, e entryRow) map[string]string {
	values, objects := maps.Clone(after), map[string][]crm.Member{}
	var order []string
	object := func(name string) (field, key string, is bool) {
		field, key, is = strings.Cut(name, ".")
		if _, known := objects[field]; is && !known {
			objects[field] = norm.ParseObject(after[field])
		}
		return field, key, is
	}
	for _, m := range e.after {
		if m.Name == changelog.CauseName {
			continue
		}
		name := strings.TrimPrefix(m.Name, changelog.DigestMark)
		if field, key, is := object(name); is {
			objects[field] = withoutMember(objects[field], key)
		} else {
			delete(values, name)
		}
	}
	for _, m := range e.before {
		if m.Name == changelog.OrderName {
			order = table.Strings(m.JSON)
		} else if field, key, is := object(m.Name); is {
			objects[field] = append(withoutMember(objects[field], key), crm.Member{Name: key, JSON: m.JSON})
		} else {
			values[m.Name] = storedText(changelog.Value(entity, entity.Field(m.Name), m.JSON, f.workspaceOf("ann@example.com")))
		}
	}
	for field, members := range objects {
		if field == "custom" {
			sortMembers(members, order, e.action == "delete")
		}
		delete(values, field)
		if len(members) > 0 {
			values[field] = string(norm.AppendObject(nil, members))
		}
	}
	return values
}

// withoutMember returns the members of an object without the one with a name.
func withoutMember(members []crm.Member, name string) []crm.Member {
	return slices.DeleteFunc(members, func(m crm.Member) bool { return m.Name == name })
}

// sortMembers puts members in the order that they had: the order in the entry, if it has one, else
// the order of their names. whole members are all in the entry, in their order.
func sortMembers(members []crm.Member, order []string, whole bool) {
	slices.SortStableFunc(members, func(a, b crm.Member) int {
		switch {
		case order != nil:
			return slices.Index(order, a.Name) - slices.Index(order, b.Name)
		case whole:
			return 0
		}
		return strings.Compare(a.Name, b.Name)
	})
}

// TestLogRebuildsThePast rebuilds every state of random programs from the present records and
// the log. It checks that the log shows the values before and after each change.
func TestLogRebuildsThePast(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			names := []string{"memory", "file", "postgres"}
			if seed > 1 { // each write takes longer elsewhere
				names = names[:1]
			}
			onPlaces(t, Options{}, func(t *testing.T, f *fixture) { servers{f}.logRebuildsThePast(seed) }, names...)
		})
	}
}

func (s servers) logRebuildsThePast(seed uint64) {
	f := s[0]
	f.t.Helper()
	s.each(func(f *fixture) { f.cascades.atOnce, f.cascades.step = 1+int(seed%6), 1+int(seed%6)/2 }) // some deletes in steps
	p := &program{servers: s, f: f, actor: f.member("ann@example.com"), random: rand.New(rand.NewPCG(seed, 9)), states: map[int64]state{}}
	p.actor.Role = crm.RoleAdmin
	p.states[p.last()] = state{}
	for range 150 {
		p.step()
	}
	f.checkCounters(p.actor)
	f.checkItems(p.actor)
	f.checkKeys(p.actor)
	p.checkPast()
	p.checkAudit()
}

// checkPast compares each state with the one rebuilt from the log.
func (p *program) checkPast() {
	p.f.t.Helper()
	now, seen := p.f.stateNow(p.actor), 0
	for _, e := range p.f.entries(p.actor.Workspace) {
		if want, known := p.states[e.number]; known {
			seen++
			for handle := range union(now, want) {
				if !maps.Equal(now[handle], want[handle]) {
					p.f.t.Fatalf("after entry %d %s was\n%v\nthe log says\n%v", e.number, handle, want[handle], now[handle])
				}
			}
		}
		now.undo(p.f, e)
	}
	if seen < 50 || len(now) > 0 {
		p.f.t.Errorf("%d states were rebuilt; before all, there were %v", seen, now)
	}
}

func union(a, b state) map[string]bool {
	all := map[string]bool{}
	for handle := range a {
		all[handle] = true
	}
	for handle := range b {
		all[handle] = true
	}
	return all
}

// checkAudit compares the values that the log shows of a change with the states before and after
// it, for transactions that changed one record.
func (p *program) checkAudit() {
	f := p.f
	f.t.Helper()
	compared := 0
	before := state{}
	shown := f.list(p.actor, "change", "limit=500&sort=at").Records
	number := int64(0)
	for _, rec := range shown {
		last := number
		number = crm.RecordNumber(rec.Key)
		after, known := p.states[number]
		if !known {
			continue
		}
		alone := last == number-1 && p.states[last] != nil || number == 1
		handle := rec.Value("target").Text
		if e := f.Schema.ByName(strings.Split(handle, "/")[0]); alone && e != nil && !e.IsView() {
			from, to := shownChange(e, before[handle], after[handle])
			if got := membersText(rec.Value("from").Members()); got != from {
				f.t.Errorf("%s of %s shows from %s, want %s", rec.Value("action").Text, handle, got, from)
			}
			if got := membersText(rec.Value("to").Members()); got != to {
				f.t.Errorf("%s of %s shows to %s, want %s", rec.Value("action").Text, handle, got, to)
			}
			compared++
		}
		before = after
	}
	if compared < 30 {
		f.t.Errorf("only %d changes were compared", compared)
	}
}

// shownChange returns the fields that differ, before and after, in the form that clients see.
func shownChange(e *crm.Entity, before, after map[string]string) (from, to string) {
	side := func(these, others map[string]string) string {
		var list []crm.Member
		for name, value := range these {
			switch f := e.Field(name); {
			case slices.Contains(changelog.StampFields, name) || others[name] == value:
			case f.Type.Kind() == crm.ObjectKind:
				other := norm.ParseObject(others[name])
				for _, m := range norm.ParseObject(value) {
					if slices.Contains(other, m) {
						continue
					}
					list = append(list, crm.Member{Name: name + "." + m.Name, JSON: m.JSON})
				}
			default:
				list = append(list, crm.Member{Name: name, JSON: spelledJSON(e, f, value)})
			}
		}
		return membersText(list)
	}
	return side(before, after), side(after, before)
}

func spelledJSON(e *crm.Entity, f *crm.Field, text string) string {
	var n int64
	switch f.Type {
	case fieldtype.Integer, fieldtype.Tags, fieldtype.Emails, fieldtype.Phones, fieldtype.Domains, fieldtype.ExternalIDs:
		return text
	case fieldtype.Time:
		fmt.Sscan(text, &n)
		return `"` + time.UnixMilli(n).UTC().Format(time.RFC3339) + `"`
	case fieldtype.Reference:
		fmt.Sscan(text, &n)
		return `"` + crm.RecordID(e.Target(f).Prefix, n) + `"`
	}
	return string(norm.AppendQuoted(nil, text))
}

// TestPagesOfTheLogReadABoundedPast lists the creates of records that changed very often. The pages
// are short, and together they have every entry with its values.
func TestPagesOfTheLogReadABoundedPast(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		var contacts []crm.Record
		for i := range 4 {
			contacts = append(contacts, f.save(ann, "contact", "name", fmt.Sprint("n", i), "stage", "new"))
		}
		f.write(ann, func(tx *Tx) error {
			for i, contact := range contacts {
				err := tx.Exec(`WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < $1)
				INSERT INTO log (key, workspace_id, at, origin, action, target, version, before, after)
				SELECT CAST($2 AS BIGINT) + i, CAST($3 AS BIGINT), CAST($4 AS BIGINT), 1, 'update', $5, i + 1, '{"stage":"new"}', '{"stage":"new"}' FROM numbers`,
					changelog.MaxReplayed*2/3, crm.RecordKey(ann.Workspace, int64(1_000_000*(i+1))), ann.Workspace, tx.Now(), "contact/"+contact.ID)
				if err != nil {
					return err
				}
			}
			return nil
		})
		var made []string
		pages, after := 0, ""
		for more := true; more; pages++ {
			page := f.list(ann, "change", "action=create&sort=at&limit=50"+after)
			if len(page.Records) == 0 || page.More != page.Truncated {
				t.Fatalf("page %d has %d entries, more %t, full %t", pages, len(page.Records), page.More, page.Truncated)
			}
			for _, rec := range page.Records {
				if strings.HasPrefix(rec.Value("target").Text, "contact/") {
					made = append(made, membersText(rec.Value("to").Members()))
				}
			}
			if more = page.More; more {
				after = "&cursor=" + f.question(ann, "change", "action=create&sort=at&limit=50").Cursor(page.Records[len(page.Records)-1])
			}
		}
		if len(made) != 4 || pages < 3 {
			t.Errorf("%d pages have the creates %q", pages, made)
		}
		for i, to := range made {
			if !strings.Contains(to, fmt.Sprintf("n%d", i)) || !strings.Contains(to, "new") {
				t.Errorf("create %d has %s", i, to)
			}
		}
	})
}
