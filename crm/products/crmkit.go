package products

// Exports of crmkit need no columns here: they have the names of the fields.
var crmkit = Product{
	Name: "crmkit", Title: "crmkit",
	Marks: []string{"version", "handle", "created_by", "updated_by"},
}
