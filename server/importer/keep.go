package importer

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/server/draft"
	"crmkit/store"
)

// A file is seldom so sure of a value that what the record has should be lost for it. So a row only
// adds to lists and notes, a number or an address that it replaces becomes a further one, and of
// two rows of one file that are about the same record and contradict each other, the first one
// stays. So a file that has a person twice changes nothing when it comes again. Exports of
// crmkit are sure: they replace. What is not taken goes into custom, unless something else is there.

// notes is the field to which rows add paragraphs.
const notes = "notes"

// keepKnown returns the draft of a row without what would take values away from the record with the
// key, and the names of the fields that keep the value of an earlier row of the file.
func (im *Importer) keepKnown(tx *store.Tx, d store.Draft, key int64) (store.Draft, []string, error) {
	if im.hasOwnIDs() || im.isDump() {
		return d, nil, nil
	}
	rec, found, err := tx.Lookup(d.Entity, key)
	if !found || err != nil {
		return d, nil, err
	}
	sent := d.Inputs
	d.Inputs = make([]crm.Input, 0, len(sent))
	var kept []string
	for _, in := range sent {
		keep, names := im.knownInput(rec, in)
		kept = append(kept, names...)
		at := slices.IndexFunc(d.Inputs, func(other crm.Input) bool { return other.Field == keep.Field })
		switch {
		case keep.Field == nil:
		case at < 0:
			d.Inputs = append(d.Inputs, keep)
		default: // a list, and what is a further item of it
			d.Inputs[at].Value = crm.Labels(append(slices.Clone(d.Inputs[at].Value.List()), keep.Value.List()...))
		}
	}
	for _, in := range slices.Clone(d.Inputs) {
		addFormer(&d, rec, in)
	}
	for _, in := range sent {
		if slices.Contains(kept, in.Field.Path()) && err == nil {
			err = addOther(tx, &d, rec, in)
		}
	}
	return d, kept, err
}

// addOther puts a value that is not taken into custom, under the name of its field, unless another one is
// there.
func addOther(tx *store.Tx, d *store.Draft, rec crm.Record, in crm.Input) error {
	text := in.Value.Text
	switch to := rec.Entity.Target(in.Field); {
	case to != nil:
		other, found, err := tx.Lookup(to, in.Value.Int)
		if !found || err != nil {
			return err
		}
		text = other.Value(to.LabelField).Text
	case in.Field.Type.Kind() == crm.ObjectKind:
		var parts []string
		for _, m := range in.Value.Members() {
			part, _ := norm.Unquote(m.JSON)
			parts = append(parts, part)
		}
		text = strings.Join(parts, ", ")
	}
	custom := rec.Entity.Field("custom")
	if text == "" || custom == nil || slices.ContainsFunc(rec.Value(custom.Name).Members(), func(m crm.Member) bool { return m.Name == in.Field.Path() }) {
		return nil
	}
	draft.AddKey(d, in.Field.Path(), text)
	return nil
}

// knownInput returns what an input of a row still says about a record, none if its field is nil, and the
// names of what keeps the value of an earlier row.
func (im *Importer) knownInput(rec crm.Record, in crm.Input) (crm.Input, []string) {
	f, had := in.Field, rec.Value(in.Field.Name)
	switch {
	case isCleared(in) && had.Set() && im.seenBefore(rec):
		return crm.Input{}, []string{f.Path()} // a value wins over none
	case isCleared(in):
	case f.Type.Kind() == crm.ListKind:
		if in.Mode == crm.Set {
			in.Mode = crm.EditTags
		}
	case f.Type.Kind() == crm.ObjectKind:
		return im.keptMembers(in, rec)
	case in.Mode != crm.Set || !in.Value.Set() || !had.Set():
	case f.Name == rec.Entity.LabelField && norm.SaysLess(in.Value.Text, had.Text):
		return crm.Input{}, nil // J. Lind, where the record has Jörg Lind
	case f.Name == notes:
		in.Value = crm.Str(joinNotes(had.Text, in.Value.Text))
	case f.Others != "" && hasItem(rec, f, in.Value.Text):
		return crm.Input{}, nil // a further number that the record has
	case f.Others != "" && im.seenBefore(rec):
		return crm.Input{Field: rec.Entity.Field(f.Others), Mode: crm.EditTags, Value: crm.Labels([]string{in.Value.Text})}, nil
	case f.Others == "" && im.seenBefore(rec) && !had.Equal(in.Value):
		return crm.Input{}, []string{f.Path()}
	}
	return in, nil
}

// keptMembers is knownInput for custom and addresses. Another address replaces the one there was as a whole,
// since no street of the one is in the city of the other.
func (im *Importer) keptMembers(in crm.Input, rec crm.Record) (crm.Input, []string) {
	had, seen := rec.Value(in.Field.Name), im.seenBefore(rec)
	isOther := in.Field.Type == fieldtype.Address && isOtherAddress(had.Members(), in.Value.Members())
	switch {
	case isOther && seen:
		return crm.Input{}, []string{in.Field.Name}
	case isOther:
		in.Mode = crm.Set
	case seen:
		return withoutOtherMembers(in, had)
	}
	return in, nil
}

// isOtherAddress reports whether the parts of two addresses that say where they are differ. A country
// has too many spellings to tell.
func isOtherAddress(a, b []crm.Member) bool {
	return slices.ContainsFunc(a, func(m crm.Member) bool {
		at := slices.IndexFunc(b, func(other crm.Member) bool { return other.Name == m.Name })
		return at >= 0 && slices.Contains([]string{"street", "postal_code", "city"}, m.Name) && norm.Fold(m.JSON) != norm.Fold(b[at].JSON)
	})
}

// withoutOtherMembers returns an input without the members that the object has with another value, and their
// names.
func withoutOtherMembers(in crm.Input, had crm.Value) (crm.Input, []string) {
	var names []string
	members := slices.DeleteFunc(slices.Clone(in.Value.Members()), func(m crm.Member) bool {
		at := slices.IndexFunc(had.Members(), func(other crm.Member) bool { return other.Name == m.Name })
		if at < 0 || had.Members()[at].JSON == m.JSON {
			return false
		}
		names = append(names, in.Field.Name+"."+m.Name)
		return true
	})
	for _, key := range in.Remove {
		if slices.ContainsFunc(had.Members(), func(m crm.Member) bool { return m.Name == key }) {
			names = append(names, in.Field.Name+"."+key)
		}
	}
	in.Remove = nil
	if in.Value = crm.Members(members); len(members) == 0 {
		return crm.Input{}, names
	}
	return in, names
}

// joinNotes returns the notes of a record with those of a row, unless the ones contain the others.
func joinNotes(had, more string) string {
	switch {
	case strings.Contains(had, strings.TrimSpace(more)):
		return had
	case strings.Contains(more, strings.TrimSpace(had)):
		return more
	}
	return strings.TrimRight(had, "\n") + "\n\n" + more
}

// hasItem reports whether a value is a further one of a record.
func hasItem(rec crm.Record, f *crm.Field, value string) bool {
	return slices.ContainsFunc(rec.Value(f.Others).List(), func(item string) bool { return f.ItemForm(item) == f.ItemForm(value) })
}

// addFormer adds that an address or a number which an input replaces becomes a further one.
func addFormer(d *store.Draft, rec crm.Record, in crm.Input) {
	if in.Field.Others == "" || in.Mode != crm.Set || !in.Value.Set() {
		return
	}
	others := d.Entity.Field(in.Field.Others)
	if at := draft.InputAt(*d, others.Name); at >= 0 && isCleared(d.Inputs[at]) {
		return
	}
	if was := rec.Value(in.Field.Name).Text; was != "" && in.Field.ItemForm(was) != in.Field.ItemForm(in.Value.Text) {
		addItem(d, others, was)
	}
}

// seenRecords are the records that rows of the file were about: a bit for each, in words of 64 numbers, which
// follow each other in most files. A million contacts take 0.6 MB.
type seenRecords map[seenWord]uint64

type seenWord struct {
	entity *crm.Entity
	number int64
}

const wordBits = 64

func (s seenRecords) add(rec crm.Record) {
	n := crm.RecordNumber(rec.Key)
	s[seenWord{rec.Entity, n / wordBits}] |= 1 << (n % wordBits)
}

func (s seenRecords) has(rec crm.Record) bool {
	n := crm.RecordNumber(rec.Key)
	return s[seenWord{rec.Entity, n / wordBits}]&(1<<(n%wordBits)) != 0
}

func (s seenRecords) addAll(more seenRecords) {
	for word, bits := range more {
		s[word] |= bits
	}
}

// seenBefore reports whether an earlier row of the file is about the record. What the transaction
// at hand adds is apart, since it may run twice.
func (im *Importer) seenBefore(rec crm.Record) bool { return im.saved.has(rec) || im.saving.has(rec) }
