package crm

import "crmkit/crm/norm"

// Type says what a field holds: how a value is read, stored, compared, shown and
// described. Package fieldtype has one implementation in each of its files; they carry
// no state, and two of them are equal if they are the same type.
//
// A type describes itself to the other packages by plain data: the kind of its values decides
// the column, Comparison the SQL of a filter, JSONSchema the OpenAPI document. No package
// needs to know a type by name to store, find, show or import its values.
type Type interface {
	// String returns the name of the type in the manual.
	String() string

	// Kind returns the kind of the values of the type, and with that the column that
	// stores them.
	Kind() Kind
	// Computed reports whether the value follows from the rest of the record, so that
	// no column stores it.
	Computed() bool
	// Comparison returns how filters and orders compare the values.
	Comparison() Comparison
	// Fold returns the folded form of a text, by which values are searched and, if the type
	// is Folded, sorted and compared.
	Fold(f *Field, text string) string

	// Parse returns the stored form of a text that a client wrote. The text is clean and
	// not empty.
	Parse(r Reader, f *Field, text string) (Value, *Error)
	// Decode returns the input for a value of a JSON body, which is neither null nor "".
	Decode(r Reader, f *Field, json string) (Input, *Error)
	// Lenient translates JSON of another form into the form that Decode accepts, if its
	// meaning is certain. It returns all other JSON unchanged.
	Lenient(json string) string
	// DecodeCell translates the cell of a table into JSON that Decode accepts.
	DecodeCell(f *Field, c Cell) (Decoded, *Error)

	// Show returns the value that answers show for the field at a position of a record.
	Show(rec Record, i int) Value
	// Matches reports whether JSON that a client sent back is the value that was shown.
	Matches(r Reader, f *Field, shown Value, json string) bool
	// Schema describes the JSON of the type.
	Schema(f *Field) JSONSchema
}

// Comparison says how the values of a type are compared.
type Comparison struct {
	By         Operand
	Ordered    bool // values have an order, so lists can be sorted by them
	Parts      bool // like: finds a part of the text
	Items      bool // the field holds several values; each is compared like that
	Folded     bool // texts are sorted and compared in their folded form
	OwnFold    bool // a stored text is its own folded form
	Capitals   bool // a stored text has capitals of ASCII only
	Sequence   bool // the order of the labels has a meaning
	Lists      bool // a comma in a filter separates several values
	Null       bool // the word null can be a value
	Hosts      bool // texts have host names, which are searched in ASCII and in Unicode
	Colon      bool // values begin with a word and a colon, which is not taken for an operator
	MayBeUnset bool // of a flag: is:null and not:null ask whether it is known
}

// Operand is the kind of the value that a filter compares with.
type Operand uint8

// The operands.
const (
	ByText    Operand = iota // the text in the stored form
	ByDigits                 // its digits alone
	ByNumber                 // a whole number
	ByTime                   // a range of time
	ByRecord                 // the key of a record
	ByLabel                  // one of several labels
	ByMember                 // the value of a key
	ByFlag                   // yes or no
	ByNothing                // no filter takes the field
)

// Cell is a cell of a table that is imported.
type Cell struct {
	JSON     string           // its value: a text, or any value if the file is JSON
	Exact    bool             // the column has the field's own name, and so the field's own form
	Own      bool             // the file is an export of this product
	Currency string           // of the row; empty: it has none
	Decimal  norm.DecimalSign // of the numbers of its column
	Dates    norm.DateOrder   // of the dates of its column
}

// Decoded is a cell in the form that bodies have.
type Decoded struct {
	JSON     string
	Whole    bool   // no part of the cell was left out
	Currency string // that the cell names; empty: it names none
}

// JSONSchema describes the JSON of a type as OpenAPI does (JSON Schema 2020-12). Empty fields
// are left out of the document. In addition every field may be null.
type JSONSchema struct {
	Type       string
	Sent       []string // the types that bodies accept, if there are more than Type
	Format     string   // in answers
	MaxLength  int      // characters
	ItemLength int      // characters of an item of an array
	Enum       []string
	Examples   []string
}
