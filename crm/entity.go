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
	Name       string // singular, the first word of a handle
	Plural     string // path and table
	Path       string // the path, when it is not Plural
	Prefix     string // of ids
	Doc        string
	Ops        Ops
	LabelField string   // the field that names a record where another refers to it
	Search     []string // the paths search= looks in
	Sort       string   // the default order
	MaxLimit   int      // the most rows of a page
	Keys       Keys
	Parents    Parents
	Links      []ManyToMany // records that others tie to this one
	Reminder   Reminder
	Storage    Storage
	RandomID   bool // ids are random and stored in column id, not numbered
	Fields     []Field

	refs        map[string]*Entity
	times       map[string]bool // fields of any entity that are times
	sharedTable *Entity
}

// Keys are the fields whose values belong to one record of a workspace alone. A POST whose
// values name a record updates it instead of making another.
type Keys struct {
	Unique   string     // one field; it also names a record in imports
	Together [][]string // references that name a record together
}

// All returns the fields, or sets of fields, each of which names one record.
func (k Keys) All() [][]string {
	if k.Unique == "" {
		return k.Together
	}
	return append([][]string{{k.Unique}}, k.Together...)
}

// Parents are the records to which those of the entity belong. They are deleted with the
// last record to which they belong.
type Parents struct {
	Fields      []string // references; lists and POST are also below the paths of those records
	Path        string   // the path there, if it is not the entity's own
	ExactlyOne  []string // further references of a link, of which exactly one is set
	AuthorOwned bool     // a log of what happened: it needs a parent, and only its author or an admin changes it
}

// Reminder says when a record is shown by /reminders. Without a Field it never is.
type Reminder struct {
	Field    string // the time
	If       string // the filter that a record must also match, as in a URL
	Note     string // the field that says what to do then
	Assignee string // the field that says who is to do it
}

// Storage says where the rows are, if that is not the table of the plural, in which each
// row has its workspace.
type Storage struct {
	Table     string // or a view of SQL
	Scope     string // the column by which statements are limited, if it is not workspace_id
	Shared    string // the entity to which rows of the table belong whose id has its prefix
	SealedIDs bool   // ids follow from the key, as Sealer makes them; column id has only those of old rows
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

// ChildRoute returns the entity's path below the records of its parents.
func (e *Entity) ChildRoute() string {
	if e.Parents.Path != "" {
		return e.Parents.Path
	}
	return e.Route()
}

// TableName returns the table or view that holds the records.
func (e *Entity) TableName() string {
	if e.Storage.Table != "" {
		return e.Storage.Table
	}
	return e.Plural
}

// ScopeColumn returns the column every statement on the table begins with.
func (e *Entity) ScopeColumn() string {
	if e.Storage.Scope != "" {
		return e.Storage.Scope
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

// IsLink reports whether the records join others, as a campaign_member joins a campaign
// and a contact.
func (e *Entity) IsLink() bool { return len(e.Parents.ExactlyOne) > 0 }

// PlanLimited reports whether a workspace holds records of the entity that clients make,
// which plans cap.
func (e *Entity) PlanLimited() bool { return !e.RandomID && e.Can(Create) }

// Can reports whether the entity offers all of the verbs.
func (e *Entity) Can(v Ops) bool { return e.Ops&v == v }
