package crm

import (
	"strings"
)

// Field is one named value of an entity. It is data: what a field does is
// decided by the packages that walk the table.
type Field struct {
	Name string // the one name: label, JSON key, filter, sort key, column
	Type Type
	Doc  string // one line for the manual

	Required         bool     // must be set when a record is made, cannot be cleared
	ReadOnly         bool     // kept by the server; accepted in a body when equal to the stored value
	InLists          bool     // shown in text lists
	DateOnly         bool     // bookkeeping time: text lists show the day only
	Enumerable       bool     // few distinct values: an empty list names those in use
	Indexed          bool     // lists by one of its values follow an index
	RangeIndexed     bool     // lists by a span of its times follow an index
	HandleSyntax     bool     // a Word that holds handles; filters take bare ids too
	IsUser           bool     // names a person; bodies and filters take "me" for the user of the token
	Column           string   // the SQL column, when it is not Name
	Ref              string   // the entity a Ref points to
	Values           []string // what a Choice allows
	Ordered          bool     // their order is that of sorting and comparing
	Default          string   // stored where none is sent; "now" for times
	Max              int      // most characters; 0 is DefaultMax
	TransitionOf     string   // the field whose change to one of FollowOn sets this one too; a Time is when that was, unset while it is none of them
	TransitionValues []string
	Rollup           *Rollup // kept by the server, from other records
	FlagOf           string  // of a Flag: the Time that is set where it is yes, and cleared where it is no
	AmountOf         string  // of a Spelled: the Int that it spells, in the smallest unit of Unit
	Unit             string  // of a Spelled: the Money that says the currency
	InheritedFrom    string  // kept by the server: where what this reference points to refers to
	AlternateOf      string  // the reference that Via completes: one of the two names a record, filters by the path of this find both
}

// Rollup says what a field keeps of the records of another entity that refer to its
// own: an Int how many they are, a Time the latest of their Take, Tags each of
// their Take. It is right at every moment, and is no change of the record.
type Rollup struct {
	Child  string // their entity
	Value  string // a field of theirs
	Where  string // those count where this field of theirs is set and, with In, one of In
	Equals []string
}

// Derived reports whether the field follows from other records, so that it is no
// part of a change.
func (f *Field) Derived() bool { return f.Rollup != nil || f.InheritedFrom != "" }

// NotNull reports whether the field is set in every record of an entity without
// random ids.
func (f *Field) NotNull() bool {
	if f.Derived() || f.TransitionOf != "" {
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

// HasFoldColumn reports whether the field has a second column, Col()+"_fold", by which it
// is sorted and compared: of text the folded form, of phone numbers the digits, of
// ranked words their place. It may be NULL where it would repeat the value, unless
// it is FoldKept.
func (f *Field) HasFoldColumn() bool { return f.Ordered || f.Type.Comparison().Folded }

// KeepsFold reports whether the second column is set wherever the field is: an index or
// a constraint needs it.
func (f *Field) KeepsFold() bool {
	return f.Required || f.Ordered || f.Type.Comparison().By == ByDigits
}

// CountsValues reports whether the store keeps, of each value of the field, how many records
// hold it: of fields with few values, and of labels.
func (e *Entity) CountsValues(f *Field) bool {
	return !e.RandomID && (f.Enumerable || f.Type.Kind() == ListKind)
}

// TagKind returns the kind under which the table names has the labels of the field, or the
// keys of its objects.
func (e *Entity) TagKind(f *Field) string {
	if f.Rollup != nil || f.Type.Kind() == ObjectKind {
		return e.Name + "." + f.Name
	}
	return e.Name
}

// Stored reports whether the field has a column. Ids and handles are computed
// from the record's key, flags and spelled amounts from other fields.
func (f *Field) Stored() bool { return !f.Type.Computed() }

// IsIdentity reports whether the field names the record itself, as its id and its handle
// do.
func (f *Field) IsIdentity() bool { return f.Type.Computed() && f.Type.Comparison().By == ByRecord }

// IsReference reports whether the field refers to records of another entity.
func (f *Field) IsReference() bool { return f.Type.Kind() == RefKind }

// Path returns the name under which filters reach what the reference points
// to: "company" for company_id.
func (f *Field) Path() string { return strings.TrimSuffix(f.Name, "_id") }

// Ops are the operations an entity offers at its own path.
type Ops int

// The operations, to be joined with |.
const (
	List Ops = 1 << iota
	Create
	Fetch
	Update
	Delete
)

// Entity is one kind of record: a row of the schema from which routes, bodies,
// filters, SQL, answers, the manual and OpenAPI follow.
type Entity struct {
	Name           string // singular, the first word of a handle
	Plural         string // path and table
	Path           string // the path, when it is not Plural
	Prefix         string // of ids
	Doc            string
	Ops            Ops
	LabelField     string       // the field that names a record where another refers to it
	Unique         string       // the field by which POST upserts; empty: POST always creates
	UniqueTogether [][]string   // references that together name one record; POST upserts by them too
	AtLeastOne     []string     // reference fields of which exactly one is set; the record is deleted with what that points to
	Links          []ManyToMany // records that others tie to this one
	Search         []string     // the paths search= looks in
	Sort           string       // the default order
	MaxLimit       int          // the most rows of a page
	ChildPath      string       // its path below the records of Under, when it is not its own
	Parents        []string     // reference fields; the entity is listed and made below those records, and deleted with the last
	AuthorOwned    bool         // what happened with the records of Under: belongs to one at least, is changed by its author or an admin
	ReminderField  string       // the time field that puts a record into /reminders
	ReminderIf     string       // the filter it must also match, as in a URL
	ReminderNote   string       // the field that says what to do then
	AssigneeField  string       // the field that says who is to do it
	Scope          string       // column that scopes the table, when it is not workspace_id
	Table          string       // the table or view, when it is not Plural
	SharedTable    string       // the entity to which the rows of the table with its id prefix belong
	Sealed         bool         // with RandomID: ids follow from the key, as Sealer makes them; column id has those of old rows alone
	RandomID       bool         // ids are random and stored in column id, not numbered
	Fields         []Field

	refs        map[string]*Entity
	times       map[string]bool // fields of any entity that are times
	sharedTable *Entity
}

// ManyToMany leads to records by way of those of a third entity, which refer to both. Name
// is what filters call it.
type ManyToMany struct {
	Name       string
	JoinEntity string // the entity between
	From, To   string // its fields: the reference to the entity that has the link, and the one that leads on

	Via, End *Entity // set by NewSchema
}

// Link returns the named link, or nil.
func (e *Entity) Link(name string) *ManyToMany {
	for i := range e.Links {
		if e.Links[i].Name == name {
			return &e.Links[i]
		}
	}
	return nil
}

// Field returns the named field, or nil.
func (e *Entity) Field(name string) *Field {
	if i := e.Index(name); i >= 0 {
		return &e.Fields[i]
	}
	return nil
}

// Article returns the noun with its indefinite article: "an activity".
func Article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// Enumerate joins words, at least two, as a sentence does: "a, b or c".
func Enumerate(words []string, last string) string {
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

// Index returns the position of the named field, or -1.
func (e *Entity) Index(name string) int {
	for i := range e.Fields {
		if e.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// Names returns the names of the fields for which keep is true, in table order.
func (e *Entity) Names(keep func(*Field) bool) []string {
	var names []string
	for i := range e.Fields {
		if keep(&e.Fields[i]) {
			names = append(names, e.Fields[i].Name)
		}
	}
	return names
}

// Writable reports whether a client may set the field.
func Writable(f *Field) bool { return !f.ReadOnly }

// Target returns the entity the reference field points to.
func (e *Entity) Target(f *Field) *Entity { return e.refs[f.Name] }

// Route returns the entity's path without its first slash.
func (e *Entity) Route() string {
	if e.Path != "" {
		return e.Path
	}
	return e.Plural
}

// Keys returns the fields, or sets of fields, whose values belong to one record alone.
func (e *Entity) Keys() [][]string {
	if e.Unique == "" {
		return e.UniqueTogether
	}
	return append([][]string{{e.Unique}}, e.UniqueTogether...)
}

// ChildRoute returns the entity's path below the records of Under.
func (e *Entity) ChildRoute() string {
	if e.ChildPath != "" {
		return e.ChildPath
	}
	return e.Route()
}

// TableName returns the table or view that holds the records.
func (e *Entity) TableName() string {
	if e.Table != "" {
		return e.Table
	}
	return e.Plural
}

// ScopeColumn returns the column every statement on the table begins with.
func (e *Entity) ScopeColumn() string {
	if e.Scope != "" {
		return e.Scope
	}
	return "workspace_id"
}

// PlanLimited reports whether a workspace holds records of the entity that clients make,
// which plans cap.
func (e *Entity) PlanLimited() bool { return !e.RandomID && e.Can(Create) }

// Can reports whether the entity offers all of the verbs.
func (e *Entity) Can(v Ops) bool { return e.Ops&v == v }
