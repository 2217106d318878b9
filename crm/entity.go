package crm

import "strings"

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

// CountsValues reports whether the store keeps, of each value of the field, how many records
// hold it: of fields with few values, and of labels.
func (e *Entity) CountsValues(f *Field) bool {
	return !e.RandomID && (f.Enumerable || f.Type.Kind() == ListKind)
}

// TagKind returns the kind under which the table names has the labels of the field, or the
// keys of its objects.
func (e *Entity) TagKind(f *Field) string {
	if f.Rollup() != nil || f.Type.Kind() == ObjectKind {
		return e.Name + "." + f.Name
	}
	return e.Name
}

// PlanLimited reports whether a workspace holds records of the entity that clients make,
// which plans cap.
func (e *Entity) PlanLimited() bool { return !e.RandomID && e.Can(Create) }

// Can reports whether the entity offers all of the verbs.
func (e *Entity) Can(v Ops) bool { return e.Ops&v == v }
