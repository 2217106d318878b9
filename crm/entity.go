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

	AllOps = List | Create | Fetch | Update | Delete
)

// Entity is one kind of record: a row of the schema from which routes, bodies,
// filters, SQL, answers, the manual and OpenAPI follow. It is a View, and what one needs
// to be written. NewSchema makes an Entity of each View of the schema too, with nothing
// besides, so that queries and answers have one path for both.
type Entity struct {
	View
	Ops      Ops
	Search   []string // the paths search= looks in
	Keys     Keys
	Parents  Parents
	Links    []ManyToMany // records that others tie to this one
	Reminder Reminder

	view        bool // and nothing more
	refs        map[string]*Entity
	times       map[string]bool // fields of any entity that are times
	sharedTable *Entity
}

// IsView reports whether the rows are no records. They have their ids in the column id and
// not by number, have routes of their own, and change without the store's rules for
// records: nothing counts, caches, indexes or exports them.
func (e *Entity) IsView() bool { return e.view }

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
	AuthorOwned bool     // an entry of a log: it needs a parent, and only its author or an admin changes it
}

// Sets returns the sets of references with the last of which a record is deleted.
func (p Parents) Sets() (sets [][]string) {
	for _, names := range [][]string{p.Fields, p.ExactlyOne} {
		if len(names) > 0 {
			sets = append(sets, names)
		}
	}
	return sets
}

// Reminder says when a record is shown by /reminders. Without a Field it never is.
type Reminder struct {
	Field    string // the time
	If       string // the filter that a record must also match, as in a URL
	Note     string // the field that says what to do then
	Assignee string // the field that says who is to do it
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

// Target returns the entity the reference field points to.
func (e *Entity) Target(f *Field) *Entity { return e.refs[f.Name] }

// ChildRoute returns the entity's path below the records of its parents.
func (e *Entity) ChildRoute() string {
	if e.Parents.Path != "" {
		return e.Parents.Path
	}
	return e.Route()
}

// CountsValues reports whether the store keeps, of each value of the field, how many records
// hold it: of fields with few values, and of labels.
func (e *Entity) CountsValues(f *Field) bool {
	return !e.view && (f.Enumerable || f.Type.Kind() == ListKind)
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
func (e *Entity) PlanLimited() bool { return e.Can(Create) }

// Can reports whether the entity offers all of the verbs.
func (e *Entity) Can(v Ops) bool { return e.Ops&v == v }

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
