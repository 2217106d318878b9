// Package operand reads what a condition compares a custom value with, and what a list that is
// sorted by custom values compares.
//
// The values of a key that nothing is declared about are of any type, so the form of the operand
// decides how they are compared. A declared key has a type, which reads the operand as it reads a
// value: what it refuses is an error, and not a list that is empty. The package makes no SQL but
// names of the columns of the table custom_values.
package operand

import (
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
)

// The forms in which custom values are compared.
const (
	AsNumber = "number"
	AsTime   = "time"
	AsText   = "text"
	AsLabel  = "label" // one of several in the value
	AsWords  = "words" // one of some texts
)

// Operand is the operand of a condition on a custom value.
type Operand struct {
	Form   string
	Number string         // with AsNumber: norm.NumberKey of the number
	Span   norm.TimeRange // with AsTime
	Text   string         // with AsText and AsLabel
	Words  []string       // with AsWords
}

// Orders reports whether an operator compares by order.
func Orders(op string) bool { return op == "gt" || op == "gte" || op == "lt" || op == "lte" }

// Free reads the operand of a condition on a key of which nothing is declared: a number of JSON, a
// full time, and everything else as text. Words such as today are times only for an operator of
// order: status=today must find the text.
func Free(now time.Time, op, value string) Operand {
	if key, ok := norm.NumberKey(value); ok {
		return Operand{Form: AsNumber, Number: key}
	}
	utc := norm.Clock{Now: now} // the zone in which the times of custom values are stored
	if span, ok := utc.Parse(value); ok && (Orders(op) || norm.IsAbsoluteTime(value)) {
		return Operand{Form: AsTime, Span: span}
	}
	return Operand{Form: AsText, Text: value}
}

// Declared reads the operand of a condition on a declared key. Errors are on the name of the key.
func Declared(m *declared.Member, r crm.Reader, op, value string) (o Operand, err *crm.Error) {
	how := m.Type.Comparison()
	choice := m.Of.Type == declared.Choice
	switch {
	case op == "like" && !how.Parts, Orders(op) && !how.Ordered && !choice:
		return o, crm.Errorf(crm.InvalidOp, "%s: cannot be used with %s, which is declared as %s; use eq, ne, in, is:null or not:null. GET /schema/%s shows its fields.", op, m.Name, m.Of.Type, r.Entity.Name).On(m.Name)
	case op == "like":
		return Operand{Form: AsText, Text: value}, nil
	case choice && Orders(op):
		return inOrder(m, op, value)
	case choice || how.By == crm.ByLabel:
		return word(m, value), nil
	case m.Of.Type == declared.Date:
		return days(m, r, value)
	case how.By == crm.ByTime:
		span, ok := r.Clock.Parse(value)
		if !ok {
			_, err = m.Type.Parse(r, &m.Field, value)
		}
		return Operand{Form: AsTime, Span: span}, err
	}
	return stored(m, r, op, value)
}

// stored reads an operand that is a value of the type.
func stored(m *declared.Member, r crm.Reader, op, value string) (Operand, *crm.Error) {
	switch how := m.Type.Comparison(); {
	case how.By == crm.ByFlag:
		switch strings.ToLower(value) {
		case "yes", "true":
			return Operand{Form: AsText, Text: "true"}, nil
		case "no", "false":
			return Operand{Form: AsText, Text: "false"}, nil
		}
		return Operand{}, crm.Errorf(crm.InvalidValue, "%s is yes or no, not %s; write %s=yes or %[1]s=no.", m.Name, norm.Quote(value), m.Name).On(m.Name)
	case how.By == crm.ByNumber:
		v, err := m.Type.Parse(r, &m.Field, value)
		if err != nil {
			err.Hint += " It is compared as a number: write " + m.Name + "=" + op + ":12."
			return Operand{}, err
		}
		key, _ := norm.NumberKey(m.JSON(v))
		return Operand{Form: AsNumber, Number: key}, nil
	case m.Of.Type == declared.Text || Orders(op):
		return Operand{Form: AsText, Text: value}, nil
	}
	v, err := m.Type.Parse(r, &m.Field, value)
	if err != nil && err.Code == crm.ReferenceNotFound {
		err.Code = crm.InvalidValue // of a question, not of a write
	}
	return Operand{Form: AsText, Text: v.Text}, err
}

// word reads an option or a tag. One that is not an option is no error, because records from before
// the declaration may have it.
func word(m *declared.Member, value string) Operand {
	if m.Of.Type == declared.Tags {
		return Operand{Form: AsLabel, Text: strings.Trim(m.JSON(crm.Labels([]string{value})), "[]")}
	}
	if i := optionAt(m, value); i >= 0 {
		value = m.Of.Options[i]
	}
	return Operand{Form: AsText, Text: value}
}

func optionAt(m *declared.Member, value string) int {
	return slices.IndexFunc(m.Of.Options, func(option string) bool { return strings.EqualFold(option, value) })
}

// inOrder returns the options that come before or after one of them, in the order of the declaration.
func inOrder(m *declared.Member, op, value string) (Operand, *crm.Error) {
	at := optionAt(m, value)
	if at < 0 {
		return Operand{}, crm.Errorf(crm.InvalidValue, "%s cannot be compared with %s; it is one of %s, in that order.", m.Name, norm.Quote(value), strings.Join(m.Of.Options, ", ")).
			On(m.Name).Of(value, m.Of.Options)
	}
	words := m.Of.Options[:at]
	switch op {
	case "gt":
		words = m.Of.Options[at+1:]
	case "gte":
		words = m.Of.Options[at:]
	case "lte":
		words = m.Of.Options[:at+1]
	}
	return Operand{Form: AsWords, Words: words}, nil
}

// days returns the span of an operand in whole days. A date is stored without a zone, and its time
// in the table is the first moment of that day in UTC.
func days(m *declared.Member, r crm.Reader, value string) (Operand, *crm.Error) {
	span, ok := r.Clock.Parse(value)
	if !ok {
		_, err := m.Type.Parse(r, &m.Field, value)
		return Operand{}, err
	}
	utc := norm.Clock{}
	if declared.IsDate(value) {
		span, _ = utc.Parse(value)
		return Operand{Form: AsTime, Span: span}, nil
	}
	first, _ := utc.Parse(declared.DayAt(r.Clock, span.From))
	last, _ := utc.Parse(declared.DayAt(r.Clock, span.Until-1))
	return Operand{Form: AsTime, Span: norm.TimeRange{From: first.From, Until: max(first.Until, last.Until)}}, nil
}
