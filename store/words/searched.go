package words

import (
	"crmkit/crm/catalog"
	"crmkit/query"
	"crmkit/store/engine"
)

// Searched returns the texts of which searches find parts: of each kind of record that has a search,
// and the names of labels.
func Searched() []engine.Text {
	list := []engine.Text{{Table: "names", SQL: query.LabelText}}
	schema, err := catalog.Schema()
	if err != nil {
		panic(err) // a test has found it before
	}
	for _, e := range schema.Entities {
		if text := query.SearchText(e, ""); text != "" && !e.IsView() {
			list = append(list, engine.Text{Table: e.TableName(), SQL: text})
		}
	}
	return list
}
