package manual

import (
	"slices"
	"strings"

	"crmkit/crm"
)

// operationID names an operation by its method and path, like get_contacts_id. Generators
// of clients make function names of it, so it is stable as long as the path is.
func operationID(row *Route) string {
	words := strings.FieldsFunc(row.Pattern, func(r rune) bool { return strings.ContainsRune("/{}.-_", r) })
	return strings.ToLower(row.Method) + "_" + strings.Join(words, "_")
}

// parameters describes what a route takes besides its body: segments of the path, the
// filters of a list, headers, and query parameters. The filters are one parameter of style
// "form": each property of the object is a query parameter of its own (OpenAPI 3.1,
// Parameter Object), and a field may have any operator.
func parameters(row *Route) []object {
	list := pathParameters(row)
	if row.Lists || row.Many {
		list = append(list, object{"name": "filter", "in": "query", "style": "form", "explode": true,
			"description": "field=[op:]value for any of: " + strings.Join(row.Entity.FilterNames(), " "),
			"schema":      object{"type": "object", "additionalProperties": object{"type": "string"}}})
	}
	if row.Method == "PATCH" && !row.Many && row.Entity.Field(crm.FieldVersion) != nil {
		list = append(list, object{"name": "If-Match", "in": "header", "description": "the version the record must have", "schema": object{"type": "string"}})
	}
	if row.MaxKey > 0 {
		list = append(list, object{"name": "Idempotency-Key", "in": "header", "description": "a random string of the client; a request that is repeated with it is executed once", "schema": object{"type": "string", "maxLength": row.MaxKey}})
	}
	return append(list, queryParameters(row)...)
}

// pathParameters returns a list that is not nil: OpenAPI has no null there.
func pathParameters(row *Route) []object {
	list := []object{}
	for _, segment := range strings.Split(row.Pattern, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			list = append(list, object{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": object{"type": "string"}})
		}
	}
	return list
}

// parameterDocs describe query parameters whose names do not.
var parameterDocs = map[string]string{
	"dry_run":        "1: nothing is saved, and the answer shows what would be, with a token for confirm; see /help/dry-run",
	"on_duplicate":   "fail: if the record would look like another, nothing is saved; see /help/duplicates",
	"since":          "a cursor: only what happened after it; a time, like -1h; now: nothing, but its cursor",
	"bookmark":       "the name of a bookmark of this token, instead of the one named default",
	"by":             "an e-mail address, me or not-me: whose changes",
	"kind":           "kinds of records, separated by commas",
	"action":         "what was done, such as delete, separated by commas",
	"record":         "the handle or id of a record, also of a deleted one",
	"field":          "only changes of this field",
	"run":            "the name that writes had in the header Crmkit-Run",
	"at":             "as it was at a time like -7d, or at a cursor of GET /changes; see /help/past",
	"group":          "at most three fields, separated by commas; a time as month(close_at), also day, week, quarter, year: the answer has a line of numbers for each group; see /help/totals",
	"sum":            "numbers to add, separated by commas; amounts are split by currency",
	"avg":            "numbers of which to take the average",
	"min":            "numbers or times of which to take the smallest",
	"max":            "numbers or times of which to take the largest",
	"count_distinct": "fields of which to count the different values",
	"count":          "only: how many records match, and nothing else",
	"links":          "1: each line of numbers has the path of its records",
	"vs":             "compares the total, or each line of numbers, with that of a time like -7d, or of a cursor of GET /changes; see /help/past",
	"summary":        "1: counts instead of changes",
	"wait":           "seconds to wait for a change if there is none, at most 50",
	"budget":         "the most tokens that the answer may have; a remark says what is left out",
	"confirm":        "the token of a dry run, or of confirmation_required: does exactly what that showed",
	"purge":          "1: erase the record for good, with its history: an admin and a code, no undo; see /help/purge",
	"all":            "1: every record; without filters",
	"null":           "for CSV: the word of cells that clear their field, like NULL; see /help/import",
	"where":          "conditions that are joined with and, or, not and brackets; see /help/filters",
	"view":           "the name of a view, whose filters are added; see /help/views",
}

// queryParameters describes the query parameters. The header X-Escalation-Code can replace
// code, which is better kept out of logs of proxies. search is left out for kinds that have
// no text to search.
func queryParameters(row *Route) (list []object) {
	names := append(slices.Clone(row.Params), "format")
	if row.Budget {
		names = append(names, "budget")
	}
	for _, name := range names {
		parameter := object{"name": name, "in": "query"}
		if doc := parameterDocs[name]; doc != "" {
			parameter["description"] = doc
		}
		if name == "search" && len(row.Entity.Search) == 0 {
			continue
		}
		if prefix, is := strings.CutSuffix(name, "."); is {
			list = append(list, object{"name": prefix, "in": "query", "style": "form", "explode": true,
				"description": name + "<field>=value: only changes of the field to that value", "schema": object{"type": "object", "additionalProperties": object{"type": "string"}}})
			continue
		}
		schema := object{"type": "string"}
		switch name {
		case "wait":
			schema = object{"type": "integer", "minimum": 0}
		case "budget":
			schema = object{"type": "integer", "minimum": crm.MinBudget, "maximum": crm.MaxBudget}
		case "limit", "days":
			schema = object{"type": "integer", "minimum": 1}
			if name == "days" {
				schema["minimum"] = 0
			}
		case "count":
			schema["enum"] = []string{"only"}
		case "on_duplicate":
			schema["enum"] = []string{"create", "fail"}
		case "format":
			schema["enum"] = row.Formats
		case "code":
			list = append(list, object{"name": "X-Escalation-Code", "in": "header", "description": "the mailed code, instead of ?code=", "schema": schema})
		}
		parameter["schema"] = schema
		list = append(list, parameter)
	}
	return list
}
