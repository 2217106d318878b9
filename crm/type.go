package crm

// Type says what a field holds: how a value is read, stored, compared, shown and
// described. Package fieldtype has one implementation in each of its files; they carry
// no state, and two of them are equal if they are the same type.
//
// A type speaks to the other packages in plain data: the kind of its values decides the
// column, Comparison the SQL of a filter, JSONSchema the OpenAPI document. No package
// needs to know a type by name to store, find, show or import its values.
type Type interface {
	// String returns the word of the manual for the type.
	String() string

	// Kind returns the kind of the values of the type, and with that the column that
	// stores them.
	Kind() Kind
	// Computed reports whether the value follows from the rest of the record, so that
	// no column stores it.
	Computed() bool
	// Comparison returns how filters and orders compare the values.
	Comparison() Comparison
	// Fold returns the form of a text that the column beside the field's own has, by
	// which values are searched, sorted and compared.
	Fold(f *Field, text string) string

	// Parse returns the stored form of a text that a client wrote. The text is clean and
	// not empty.
	Parse(r Reader, f *Field, text string) (Value, *Error)
	// Decode returns what a value of a JSON body means. It is neither null nor "".
	Decode(r Reader, f *Field, json string) (Input, *Error)
	// Lenient returns the JSON that Decode takes for one in another form whose meaning
	// is certain; all other JSON as it is.
	Lenient(json string) string
	// DecodeCell returns the JSON that Decode takes for a cell of a table.
	DecodeCell(f *Field, c Cell) (Decoded, *Error)

	// Show returns the value that answers show for the field at a position of a record.
	Show(rec Record, i int) Value
	// Matches reports whether JSON that a client sent back is the value that is shown.
	Matches(r Reader, f *Field, shown Value, json string) bool
	// Schema describes the JSON of the type.
	Schema(f *Field) JSONSchema
}

// Comparison says how the values of a type are compared.
type Comparison struct {
	By      Operand
	Ordered bool // one value can come before another
	Parts   bool // a part of the text can be looked for
	Folded  bool // the column beside the field's own is compared
	Lists   bool // a comma in a filter parts several values
	Null    bool // the word null can be a value
}

// Operand says what a filter compares with.
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
	JSON     string // its value: text, or what a file of JSON has
	Exact    bool   // the column has the field's own name, and so its own form
	Own      bool   // the file is an export of this product
	Currency string // of the row; empty: it has none
}

// Decoded is a cell in the form that bodies have.
type Decoded struct {
	JSON  string
	Whole bool // nothing of the cell was left out
}

// JSONSchema describes the JSON of a type as OpenAPI does (JSON Schema 2020-12). What is
// empty is not said. Every field may be null besides.
type JSONSchema struct {
	Type       string
	Sent       []string // the types that bodies take, if they are more
	Format     string   // of what answers show
	MaxLength  int      // characters
	ItemLength int      // characters of an item of an array
	Enum       []string
	Examples   []string
}
