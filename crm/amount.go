package crm

// Amount returns the input value of a field of type amount: the number is in Int and the
// currency in Text.
func Amount(smallest int64, currency string) Value {
	return Value{Kind: IntKind, Int: smallest, Text: currency}
}

// setAmount sets the number and the currency of an amount. An amount that is equal to the stored
// one has no effect, so that a client can send a record back with only the number or the
// currency changed.
func (in Input) setAmount(e *Entity, before, after []Value) *Error {
	f, of := in.Field, in.Field.AmountOf()
	at, want := []int{e.Index(of.Number), e.Index(of.Currency)}, []Value{Number(in.Value.Int), Str(in.Value.Text)}
	if !in.Value.Set() {
		at, want = at[:1], []Value{{}}
	}
	same := true
	for i, field := range at {
		same = same && before[field].Equal(want[i])
	}
	if same {
		return nil
	}
	for i, field := range at {
		if !after[field].Equal(before[field]) && !after[field].Equal(want[i]) {
			return Errorf(InvalidValue, "%s and %s contradict each other; send only one of them.", f.Name, e.Fields[field].Name).On(f.Name).
				ForRow("%s and %s contradict each other; correct one of the two cells, or empty it.", f.Name, e.Fields[field].Name)
		}
		after[field] = want[i]
	}
	return nil
}
