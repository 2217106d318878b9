package crm

// View has the data that lists need: a name, a path, an order, and fields to filter, sort and
// show. The views of the schema list things that are not records, such as tokens and members.
// The store has a function of its own for each change of them; filters, pages and answers are
// those of records.
type View struct {
	Name       string // singular, the first word of a handle
	Plural     string // path and table
	Path       string // the path, when it is not Plural
	Prefix     string // of ids
	Doc        string
	LabelField string // the field that is shown beside references to a row
	Sort       string // the default order
	MaxLimit   int    // maximum number of rows of a page
	Storage    Storage
	Fields     []Field
}

// Storage says where the rows of a view are, if they are not in a table with the name of
// Plural and a column workspace_id, as all records are.
type Storage struct {
	Table     string // a table or an SQL view
	Scope     string // the column that limits every statement, if it is not workspace_id
	Shared    string // the entity of those rows whose id has its prefix, if two share the table
	SealedIDs bool   // a Sealer computes ids from keys; the column id has only those of old rows
}

// Field returns the named field, or nil.
func (v *View) Field(name string) *Field {
	if i := v.Index(name); i >= 0 {
		return &v.Fields[i]
	}
	return nil
}

// Index returns the position of the named field, or -1.
func (v *View) Index(name string) int {
	for i := range v.Fields {
		if v.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// Names returns the names of the fields for which keep is true, in table order.
func (v *View) Names(keep func(*Field) bool) []string {
	var names []string
	for i := range v.Fields {
		if keep(&v.Fields[i]) {
			names = append(names, v.Fields[i].Name)
		}
	}
	return names
}

// Route returns the entity's path without its first slash.
func (v *View) Route() string {
	if v.Path != "" {
		return v.Path
	}
	return v.Plural
}

// TableName returns the table or view that holds the records.
func (v *View) TableName() string {
	if v.Storage.Table != "" {
		return v.Storage.Table
	}
	return v.Plural
}

// ScopeColumn returns the column that limits every statement on the table to a workspace or a
// user.
func (v *View) ScopeColumn() string {
	if v.Storage.Scope != "" {
		return v.Storage.Scope
	}
	return "workspace_id"
}

// FilterNames returns the names of filters on the entity: its fields, custom.<key>, the
// paths of its references and links, and those of the records that refer to it.
func (e *Entity) FilterNames() []string {
	names := e.Names(func(f *Field) bool { return f.Type.Kind() != ObjectKind && f.Type.Comparison().By != ByNothing })
	for i := range e.Fields {
		switch f := &e.Fields[i]; {
		case f.Type.Kind() == ObjectKind && !f.ReadOnly:
			names = append(names, f.Name+".<key>")
		case f.IsReference() && e.Link(f.Path()) == nil:
			names = append(names, f.Path(), f.Path()+".<field>")
		}
	}
	for i := range e.Links {
		l := &e.Links[i]
		names = append(append(names, l.Name, l.Name+".<field>"), l.OwnPaths(l.Name)...)
	}
	for i := range e.Backs {
		names = append(names, e.Backs[i].Names()...)
	}
	return names
}

// ReferenceAt returns the reference of the entity with the path, or nil.
func (e *Entity) ReferenceAt(path string) *Field {
	for i := range e.Fields {
		if f := &e.Fields[i]; f.IsReference() && f.Path() == path {
			return f
		}
	}
	return nil
}

// AlternateOf returns the inherited reference that completes a reference, or nil. Filters by
// the path of f match the records of both.
func (e *Entity) AlternateOf(f *Field) *Field {
	for i := range e.Fields {
		if by := e.Fields[i].Inherited(); by != nil && by.Alternate == f.Name {
			return &e.Fields[i]
		}
	}
	return nil
}
