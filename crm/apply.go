package crm

import (
	"slices"
	"strings"

	"crmkit/crm/norm"
)

// Mode says how an input changes the stored value.
type Mode uint8

// The modes. Set with a Null value clears the field.
const (
	Set          Mode = iota
	EditTags          // a list: add Value, remove Remove
	MergeMembers      // object: set the members of Value, remove the keys Remove
	CheckOnly         // read-only field: JSON must be the value that the record shows
	Keep              // no change, and no value that follows from another field: an import makes up no time
	Multiply          // a number: by the factor JSON, rounded half to even
	AddNumber         // a number: add the number JSON
	Shift             // a time: move it by the distance JSON, such as +7d
)

// Input is one field as a client sent it, decoded and normalised.
type Input struct {
	Field  *Field
	Mode   Mode
	Value  Value
	Remove []string
	JSON   string // with CheckOnly: the value as sent; with modes that change a value: by what
	Label  bool   // with CheckOnly: JSON is the label beside the reference Field, {"name":…}
}

// Name returns the key under which the input was sent.
func (in Input) Name() string {
	if in.Label {
		return in.Field.Path()
	}
	return in.Field.Name
}

// Apply returns the values after the inputs; it does not change before. It applies stored
// fields first, then the computed ones that set others, then transitions and defaults, so the
// order in which a client sends fields has no meaning. Errors name the field.
func Apply(e *Entity, before []Value, inputs []Input, at Setting) ([]Value, *Error) {
	after := slices.Clone(before)
	sent := make(map[string]bool, len(inputs))
	for _, in := range inputs {
		if in.Mode == CheckOnly || !in.Field.Stored() {
			continue
		}
		sent[in.Field.Name] = true
		i := e.Index(in.Field.Name)
		if err := checkAdjusted(e, before, in); err != nil {
			return nil, err
		}
		switch {
		case in.Mode.adjusts():
			var err *Error
			if after[i], err = in.adjust(before[i], at); err != nil {
				return nil, err
			}
		case in.Mode != Keep:
			after[i] = in.apply(after[i], at.Country)
		}
	}
	for _, in := range inputs {
		if err := in.setSources(e, before, after, at.Now); err != nil {
			return nil, err
		}
	}
	if err := at.applyRules(e, before, after); err != nil {
		return nil, err
	}
	stage, err := at.place(e, before, after, sent)
	if err != nil {
		return nil, err
	}
	for i := range e.Fields {
		if err := e.complete(i, [2][]Value{before, after}, at, applied{sent[e.Fields[i].Name], at.Now, stage}); err != nil {
			return nil, err
		}
	}
	return after, checkParents(e, after)
}

// checkParents returns an error if a record that needs a parent has none, or one of a link too few or too many.
func checkParents(e *Entity, after []Value) *Error {
	if e.Parents.AuthorOwned && !slices.ContainsFunc(e.Parents.Fields, func(name string) bool { return after[e.Index(name)].Set() }) {
		return noParentError(e)
	}
	return checkExactlyOne(e, after)
}

// checkExactlyOne returns an error unless exactly one of the references of Parents.ExactlyOne is set.
func checkExactlyOne(e *Entity, after []Value) *Error {
	set := slices.DeleteFunc(slices.Clone(e.Parents.ExactlyOne), func(name string) bool { return !after[e.Index(name)].Set() })
	switch {
	case !e.IsLink() || len(set) == 1:
		return nil
	case len(set) == 0:
		return Errorf(MissingField, "%s must have either %s; send one of them.", Article(e.Name), Enumerate(e.Parents.ExactlyOne, "or")).On(e.Parents.ExactlyOne[0]).
			ForRow("%s must have either %s; add one of these columns, or fill its cell.", Article(e.Name), Enumerate(e.Parents.ExactlyOne, "or"))
	}
	return Errorf(InvalidValue, "%s can have only one of %s; create a separate record for each.", Article(e.Name), strings.Join(e.Parents.ExactlyOne, ", ")).On(set[1])
}

// noParentError returns the error for a record that needs a parent and has none.
func noParentError(e *Entity) *Error {
	var kinds []string
	for _, name := range e.Parents.Fields {
		kinds = append(kinds, e.Field(name).Ref)
	}
	return Errorf(MissingField, "%s must belong to a %s: send %s, or POST it to /%s/{id}/%s.", Article(e.Name), Enumerate(kinds, "or"), Enumerate(e.Parents.Fields, "or"),
		e.Target(e.Field(e.Parents.Fields[0])).Route(), e.ChildRoute()).On(e.Parents.Fields[0]).
		ForRow("%s must belong to a %s, and the row names none; add a column such as %s with a name, or %s_id with an id, or fill its cell.",
			Article(e.Name), Enumerate(kinds, "or"), kinds[0], kinds[0])
}

// apply returns the value of a stored field after the input. A list with the same labels in
// another order is no change.
func (in Input) apply(old Value, country string) Value {
	key := func(item string) string { return in.Field.ItemKey(country, item) }
	switch {
	case in.Mode == Set && sameLabels(old.List(), in.Value.List()) && !in.Field.Type.Comparison().Sequence:
		return old
	case in.Mode == Set && in.Field.HasItems() && in.Value.Set():
		return Labels(applyTagEdits(nil, in.Value.List(), nil, key))
	case in.Mode == EditTags:
		return Labels(applyTagEdits(old.List(), in.Value.List(), in.Remove, key))
	case in.Mode == MergeMembers:
		return Members(applyMembers(old.Members(), in.Value.Members(), in.Remove))
	}
	return in.Value
}

// setSources sets the stored fields of a computed one: the time of a flag, the number and
// currency of an amount.
func (in Input) setSources(e *Entity, before, after []Value, now int64) *Error {
	switch in.Field.Derivation.(type) {
	case *FlagOf:
		return in.setFlagTime(e, before, after, now)
	case *AmountOf:
		return in.setAmount(e, before, after)
	}
	return nil
}

// setFlagTime sets or clears the time of a flag. If the time was sent too and contradicts the flag,
// the one that differs from the stored record wins: a client that sends a whole record back
// has changed only one of them. It is an error if both differ.
func (in Input) setFlagTime(e *Entity, before, after []Value, now int64) *Error {
	f, of := in.Field, in.Field.FlagOf()
	i, yes := e.Index(of.Time), in.Value.Int != 0
	switch {
	case after[i].Set() == yes:
	case after[i].Equal(before[i]) && yes:
		after[i] = truncateSecond(now)
	case after[i].Equal(before[i]):
		after[i] = Value{}
	case before[i].Set() != yes:
		return Errorf(InvalidValue, "%s and %s contradict each other; send only one of them.", f.Name, of.Time).On(f.Name).
			ForRow("%s and %s contradict each other; correct one of the two cells, or empty it.", f.Name, of.Time)
	}
	return nil
}

// sameLabels reports whether two lists have the same labels in any order. Neither list has a
// label twice.
func sameLabels(a, b []string) bool {
	if len(a) != len(b) || len(a) == 0 {
		return false
	}
	there := setOf(b)
	for _, tag := range a {
		if !there[tag] {
			return false
		}
	}
	return true
}

// setOf returns the words as a set.
func setOf(words []string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, word := range words {
		set[word] = true
	}
	return set
}

// applyTagEdits returns the labels without those to remove, and with the new ones at the end.
// Labels with the same key are one. A label that is both added and removed is removed.
func applyTagEdits(old, add, remove []string, key func(string) string) []string {
	tags := make([]string, 0, len(old)+len(add))
	skip := make(map[string]bool, len(remove))
	for _, tag := range remove {
		skip[key(tag)] = true
	}
	for _, tag := range append(slices.Clone(old), add...) {
		if k := key(tag); !skip[k] {
			tags = append(tags, tag)
			skip[k] = true
		}
	}
	return tags
}

// applyMembers returns the members in key order, so that equal objects are
// equal text.
func applyMembers(old, set []Member, remove []string) []Member {
	merged := slices.Clone(set)
	skip := setOf(remove)
	for _, m := range set {
		skip[m.Name] = true
	}
	for _, m := range old {
		if !skip[m.Name] {
			merged = append(merged, m)
		}
	}
	slices.SortFunc(merged, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return merged
}

// dropRepeated takes the value of a field out of its list of further values, so that a record
// has each value once.
func (f *Field) dropRepeated(e *Entity, own int, after []Value, country string) {
	if f.Others == "" || !after[own].Set() {
		return
	}
	i := e.Index(f.Others)
	list, value := after[i].List(), e.Fields[i].ItemKey(country, after[own].Text)
	same := func(item string) bool { return e.Fields[i].ItemKey(country, item) == value }
	if slices.ContainsFunc(list, same) {
		after[i] = Labels(slices.DeleteFunc(slices.Clone(list), same))
	}
}

// truncateSecond returns a time in whole seconds, the precision of all times of records.
func truncateSecond(now int64) Value { return Millis(now / 1000 * 1000) }

// fallback returns the default of the field. The default of a time is always now.
func (f *Field) fallback(now int64) Value {
	switch {
	case f.Default == "":
		return Value{}
	case f.Type.Kind() == TimeKind:
		return truncateSecond(now)
	}
	return Str(f.Default)
}

// checkSize checks the limits of a value that is the sum of several requests: Decode checks
// each request only by itself.
func (f *Field) checkSize(v Value) *Error {
	size := 0
	for _, m := range v.Members() {
		size += len(m.Name) + len(m.JSON)
	}
	switch {
	case len(v.List()) > MaxTags:
		return Errorf(InvalidValue, "%s would have %d items; at most %d are allowed. Remove some first.", f.Name, len(v.List()), MaxTags).On(f.Name)
	case size > MaxObjectSize || len(v.Members()) > norm.MaxMembers:
		return Errorf(InvalidValue, "%s would have %d bytes in %d keys; the limit is %d bytes and %d keys. To remove a key, send null as its value.",
			f.Name, size, len(v.Members()), MaxObjectSize, norm.MaxMembers).On(f.Name)
	}
	return nil
}

// missingFieldError returns the error for a required field without a value. It differs for a record that
// has a value, which the client tried to clear.
func missingFieldError(e *Entity, f *Field, before Value) *Error {
	if before.Set() {
		return Errorf(MissingField, "%s of %s cannot be empty; send a value or leave it out.", f.Name, Article(e.Name)).On(f.Name).
			ForRow("%s of %s cannot be cleared; give the row a value, or leave it out or empty to keep the one that is there.", f.Name, Article(e.Name))
	}
	return Errorf(MissingField, `%s is required to make %s; send {"%s":…}.`, f.Name, Article(e.Name), f.Name).On(f.Name).
		ForRow("%s is required to make %s; add a column %s, or fill its cell in this row.", f.Name, Article(e.Name), f.Name)
}
