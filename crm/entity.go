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
// filters, SQL, answers, the manual and OpenAPI follow. It is a View with the rules for
// writing. NewSchema also makes an Entity without these rules of each View of the schema, so
// that queries and answers have the same code for both.
type Entity struct {
	View
	Ops      Ops
	Search   []string // the paths of the fields that search= compares
	Keys     Keys
	Parents  Parents
	Links    []ManyToMany // to entities whose records others join to this one
	Backs    []Back       // from entities whose records refer to this one; set by NewSchema
	Reminder Reminder
	Sums     *Sums // nil: none are kept

	Definition Definition

	view        bool // it was made of a View
	refs        map[string]*Entity
	keyTypes    map[string]Type // of fields of any entity, by their names
	sharedTable *Entity
}

// IsView reports whether the rows are not records. They have their ids in a column and not
// computed from the key, and routes of their own. The store's rules for records do not apply:
// it does not count, cache, index or export them.
func (e *Entity) IsView() bool { return e.view }

// Definition makes an entity one whose records say what other records are like, such as a view that
// names the filters of a list. The zero Definition is that of all other entities.
//
// Every member reads definitions, and an admin with a full token writes them. They are kept, logged,
// undone and exported like records; they come first in an export, because the records after them
// may depend on them. They are few and no daily work, so nothing that is about many records is about
// them: they are not searched, written in bulk or in batches, imported as rows, capped by a plan, or
// listed among the kinds that an agent works with.
type Definition struct {
	Most int64 // the most records of a workspace
}

// IsDefinition reports whether the records say what other records are like.
func (e *Entity) IsDefinition() bool { return e.Definition.Most > 0 }

// Keys are the fields whose values only one record of a workspace has. A POST with the values
// of an existing record updates it instead of making another.
type Keys struct {
	Unique   string     // one field; it also names a record in imports
	Items    []string   // lists of which each item belongs to one record
	Together [][]string // references that name a record together
}

// All returns the fields, or sets of fields, each of which identifies one record.
func (k Keys) All() [][]string {
	if k.Unique == "" {
		return k.Together
	}
	return append([][]string{{k.Unique}}, k.Together...)
}

// Sums are numbers that the store keeps of the records of an entity, so that they can be read without the records:
// for each set of values of some fields how many records have it, and the sum of a number. The table is named for
// the entity, with _sums at its end.
type Sums struct {
	Of string   // the number
	By []string // the fields; of all but the last one each record has a value without a blank
}

// SumsTable returns the name of the table with the Sums.
func (e *Entity) SumsTable() string { return e.Name + "_sums" }

// Parents are the references to the records that a record belongs to. When the last of these
// parents is deleted, so is the record.
type Parents struct {
	Fields      []string // references; GET and POST also work at the path of a parent
	Path        string   // the last segment of that path, if it is not the entity's route
	ExactlyOne  []string // further references of a link, of which exactly one is set
	AuthorOwned bool     // an entry of a log: it needs a parent, and only its author or an admin changes it
}

// Sets returns the sets of references. A record is deleted when all references of one of the
// sets are gone.
func (p Parents) Sets() (sets [][]string) {
	for _, names := range [][]string{p.Fields, p.ExactlyOne} {
		if len(names) > 0 {
			sets = append(sets, names)
		}
	}
	return sets
}

// Reminder says when /reminders shows a record. Without a Field it never does.
type Reminder struct {
	Field    string // the time
	If       string // a filter that the record must also match, as in a URL
	Note     string // the field with the action to take
	Assignee string // the field with the person who takes it
}

// ManyToMany is a link to the records of another entity, through those of a third one that
// refer to both.
type ManyToMany struct {
	Name       string // in filters
	JoinEntity string // the entity between
	From, To   string // its references to this entity and to the other one
	Main       string // a reference of this entity to one of the other, which is always joined too; empty: none is
	Counted    string // the field with the number of joined records, which are shown when a record is fetched; empty: they are not

	Via, End *Entity // set by NewSchema
}

// KeyField returns the field under whose name a value of f is a key: email for an item of
// other_emails, since an address belongs to one contact in whichever of the two it is.
func (e *Entity) KeyField(f *Field) *Field {
	for i := range e.Fields {
		if e.Fields[i].Others == f.Name {
			return &e.Fields[i]
		}
	}
	return f
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

// Own returns the field of the records between that says more about the link, such as the role of a contact on a deal;
// nil: there is none of the name, or the other entity has one.
func (l *ManyToMany) Own(name string) *Field {
	f := l.Via.Field(name)
	if f == nil || f.ReadOnly || f.IsReference() || l.End.Field(name) != nil {
		return nil
	}
	return f
}

// OwnPaths returns the paths of the texts that say more about the link behind a name of it, such as contact.role.
func (l *ManyToMany) OwnPaths(name string) []string {
	names := l.Via.Names(func(f *Field) bool { return f.Type.Kind() == TextKind && l.Own(f.Name) != nil })
	for i := range names {
		names[i] = name + "." + names[i]
	}
	return names
}

// MainLink returns the link to which the record that a reference leads to always belongs, or nil.
func (e *Entity) MainLink() *ManyToMany {
	for i := range e.Links {
		if e.Links[i].Main != "" {
			return &e.Links[i]
		}
	}
	return nil
}

// MainEnd returns the reference of a link's records to the entity that has the link with a main reference, and the link;
// nil: they are no such records.
func (e *Entity) MainEnd() (*Field, *ManyToMany) {
	for i := range e.Fields {
		if to := e.Target(&e.Fields[i]); to != nil {
			if l := to.MainLink(); l != nil && l.Via == e && l.From == e.Fields[i].Name {
				return &e.Fields[i], l
			}
		}
	}
	return nil, nil
}

// Target returns the entity the reference field points to.
func (e *Entity) Target(f *Field) *Entity { return e.refs[f.Name] }

// HandleOf returns the handle of the record with a key.
func (e *Entity) HandleOf(key int64) string { return e.Name + "/" + RecordID(e.Prefix, key) }

// ChildRoute returns the entity's path below the records of its parents.
func (e *Entity) ChildRoute() string {
	if e.Parents.Path != "" {
		return e.Parents.Path
	}
	return e.Route()
}

// CountsValues reports whether the store maintains the number of records with each value of
// the field: for fields with few values, and for labels.
func (e *Entity) CountsValues(f *Field) bool {
	return !e.view && (f.Enumerable || f.Type.Kind() == ListKind && !f.HasItems())
}

// TagKind returns the kind of the rows in the table names that are the labels of the field, or
// the keys of its objects.
func (e *Entity) TagKind(f *Field) string {
	if f.Rollup() != nil || f.Type.Kind() == ObjectKind {
		return e.Name + "." + f.Name
	}
	return e.Name
}

// ItemKind returns the kind of the rows in the table list_values that are the items of the field.
func (e *Entity) ItemKind(f *Field) string { return e.Name + "." + f.Name }

// IsLink reports whether the records join others, as a campaign_member joins a campaign
// and a contact.
func (e *Entity) IsLink() bool { return len(e.Parents.ExactlyOne) > 0 }

// PlanLimited reports whether the records are those that clients work with, so that plans cap them
// and the manual names them.
func (e *Entity) PlanLimited() bool { return e.Can(Create) && !e.IsDefinition() }

// Can reports whether the entity offers all of the verbs.
func (e *Entity) Can(v Ops) bool { return e.Ops&v == v }

// Article returns the noun with its indefinite article: "an activity".
func Article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// Enumerate joins at least two words for a sentence: "a, b or c".
func Enumerate(words []string, last string) string {
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}
