package crm

// View is what lists need: a name, a path, an order, and fields to filter, sort and show.
// The views of the schema list what the product keeps besides records, such as tokens and
// members. Their rows are made and changed by functions of the store that are written for
// them; filters, pages and answers are those of records.
type View struct {
	Name       string // singular, the first word of a handle
	Plural     string // path and table
	Path       string // the path, when it is not Plural
	Prefix     string // of ids
	Doc        string
	LabelField string // the field that names a row where another refers to it
	Sort       string // the default order
	MaxLimit   int    // the most rows of a page
	Storage    Storage
	Fields     []Field
}

// Storage says where the rows of a view are, if that is not the table of the plural, in
// which each row has its workspace. Records are always there.
type Storage struct {
	Table     string // or a view of SQL
	Scope     string // the column by which statements are limited, if it is not workspace_id
	Shared    string // the entity to which rows of the table belong whose id has its prefix
	SealedIDs bool   // ids follow from the key, as Sealer makes them; column id has only those of old rows
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

// ScopeColumn returns the column every statement on the table begins with.
func (v *View) ScopeColumn() string {
	if v.Storage.Scope != "" {
		return v.Storage.Scope
	}
	return "workspace_id"
}
