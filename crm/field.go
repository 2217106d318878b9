package crm

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm/norm"
)

// Field is one named value of an entity. It is data: the packages that loop over the schema
// decide what follows from it.
type Field struct {
	Name string // the one name: label, JSON key, filter, sort key, column
	Type Type
	Doc  string // one line for the manual

	Required     bool       // must be set when a record is made, cannot be cleared
	ReadOnly     bool       // set by the server; accepted in a body if equal to the stored value
	InLists      bool       // shown in text lists
	OnRequest    bool       // shown only where a request names it
	DateOnly     bool       // bookkeeping time: text lists show the day only
	Enumerable   bool       // few distinct values: an empty list names those in use
	Indexed      bool       // an index finds the records with one of its values
	RangeIndexed bool       // an index finds the records within a range of its times
	HandleSyntax bool       // a word that holds handles; filters take bare ids too
	OwnFold      bool       // a word that only this program writes, in ASCII without capitals: it is its own folded form
	IsUser       bool       // names a person; bodies and filters take "me" for the user of the token
	Column       string     // the SQL column, when it is not Name
	Ref          string     // the entity that a reference points to
	Others       string     // the list field with further values of this kind; eq, in, ne, like and searches compare these too
	Choices      Choices    // the words that are allowed, if the type is a choice
	Default      string     // stored if a client sends none; "now" for times
	Max          int        // most characters; 0 is DefaultMax
	Derivation   Derivation // how the value follows from others; nil: it does not
}

// Choices are the words of which a field holds one.
type Choices struct {
	Values  []string          // in the order that the manual shows
	Ordered bool              // they are sorted and compared in that order, not by the alphabet
	Also    map[string]string // other spellings, in small letters, and the words that they mean
}

// OneOf returns choices without a rank, such as the status of a deal.
func OneOf(values ...string) Choices { return Choices{Values: values} }

// Ranked returns choices from the least to the most, such as a priority. There are at
// most ten, because their place is stored as one digit.
func Ranked(values ...string) Choices { return Choices{Values: values, Ordered: true} }

// check returns an error if the choices cannot be stored, or the default is not one of them.
func (c Choices) check(f *Field) error {
	switch {
	case c.Ordered && (len(c.Values) == 0 || len(c.Values) > 10):
		return fmt.Errorf("field %s has %d ranked choices; 1 to 10 are allowed", f.Name, len(c.Values))
	case len(c.Values) > 0 && f.Default != "" && !slices.Contains(c.Values, f.Default):
		return fmt.Errorf("the default %q of field %s is not one of %v", f.Default, f.Name, c.Values)
	}
	return nil
}

// NotNull reports whether the field is set in every record of an entity. In a view a
// read-only field may be unset, because nothing of the schema fills it.
func (f *Field) NotNull() bool {
	if f.Derived() || f.Transition() != nil {
		return f.Type.Kind() == IntKind || f.Default != ""
	}
	return f.Required || f.Default != "" || f.ReadOnly
}

// DefaultMax is the longest text, in characters, of a field that names no other.
const DefaultMax = 200

// Limit returns the most characters the field takes.
func (f *Field) Limit() int {
	if f.Max > 0 {
		return f.Max
	}
	return DefaultMax
}

// Col returns the SQL column that stores the field.
func (f *Field) Col() string {
	if f.Column != "" {
		return f.Column
	}
	return f.Name
}

// ComparesFolds reports whether the field is sorted and compared by its folded form: that of
// a text, the digits of a phone number, the position of a ranked choice.
func (f *Field) ComparesFolds() bool { return f.Choices.Ordered || f.Type.Comparison().Folded }

// HasFoldColumn reports whether the field has a second column, Col()+"_fold", with the folded
// form by which it is compared or searched. The items of a list are separated by tabs in it.
// Labels and the keys of objects are in tables of their own. The column may be NULL where it
// would repeat the value, unless KeepsFold.
func (f *Field) HasFoldColumn() bool {
	how := f.Type.Comparison()
	isOwn := f.OwnFold || how.OwnFold || how.Capitals
	return f.ComparesFolds() || how.Parts && how.By == ByText && !isOwn
}

// KeepsFold reports whether the second column is set in every record in which the field is,
// because an index or a constraint needs it, or because it never repeats the value.
func (f *Field) KeepsFold() bool {
	how := f.Type.Comparison()
	return f.Required || f.Choices.Ordered || how.By == ByDigits || how.Items
}

// FoldOf returns the folded form of a value, in which searches find parts of it.
func (f *Field) FoldOf(v Value) string {
	switch v.Kind {
	case TextKind:
		return f.Type.Fold(f, v.Text)
	case ListKind:
		folds := make([]string, len(v.List()))
		for i, item := range v.List() {
			folds[i] = f.Type.Fold(f, item)
		}
		return strings.Join(folds, "\t")
	}
	return ""
}

// HasPlainColumn reports whether the field is free text that is compared as a whole. A third
// column, Col()+"_plain", then has the PlainDigest of the text, NULL where the text is its own
// plain form.
func (f *Field) HasPlainColumn() bool {
	how := f.Type.Comparison()
	return how.By == ByText && how.Folded && !how.Items && !f.Indexed
}

// PlainDigest returns the digest of the plain form of a text, as norm.Plain returns it. Equal
// digests mean equal forms: nobody finds two texts with the same 128 bits of SHA-256. It is stored
// instead of the form because that of a long text with line breaks is nearly as long as the text.
func PlainDigest(plain string) string {
	sum := sha256.Sum256([]byte(plain))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// checkOwnFold returns an error if the field may have a text that is not its own folded form,
// although no column has that form.
func (f *Field) checkOwnFold() error {
	if how := f.Type.Comparison(); f.OwnFold && (!f.ReadOnly || how.By != ByText || how.Items) {
		return fmt.Errorf("field %s can have a text that is not its own folded form", f.Name)
	}
	if f.Type.Comparison().OwnFold {
		for _, word := range f.Choices.Values {
			if norm.Fold(word) != word {
				return fmt.Errorf("the choice %q of field %s is not its own folded form", word, f.Name)
			}
		}
	}
	return nil
}

// Stored reports whether the field has a column. Ids and handles are computed
// from the record's key, flags and amounts from other fields.
func (f *Field) Stored() bool { return !f.Type.Computed() }

// IsIdentity reports whether the field names the record itself, as its id and its handle
// do.
func (f *Field) IsIdentity() bool { return f.Type.Computed() && f.Type.Comparison().By == ByRecord }

// IsReference reports whether the field refers to records of another entity.
func (f *Field) IsReference() bool { return f.Type.Kind() == RefKind }

// Path returns the name by which filters go through the reference: "company" for company_id.
func (f *Field) Path() string { return strings.TrimSuffix(f.Name, "_id") }

// HasItems reports whether the field is a list of which each item is a value of its own, such
// as other_emails. The table list_values has the items in their compared form.
func (f *Field) HasItems() bool { return f.Type.Comparison().Items }

// ItemForm returns the form in which items are stored for comparisons: that of a phone number
// (norm.Phone), all others as they are.
func (f *Field) ItemForm(text string) string {
	if f.Type.Comparison().Folded {
		return f.Type.Fold(f, text)
	}
	return text
}

// ItemKey returns a text that is the same for items that are the same value in a country: a
// phone number has several spellings.
func (f *Field) ItemKey(country, text string) string {
	if f.HasItems() && f.Type.Comparison().By == ByDigits {
		return norm.PhoneNumber(country, text)
	}
	return text
}

// Writable reports whether a client may set the field.
func Writable(f *Field) bool { return !f.ReadOnly }
