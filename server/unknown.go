package server

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/server/draft"
)

// rows completes the error for a body that is no object, where it may be rows.
func (rq *request) rows(e *crm.Entity, fault *crm.Error) *crm.Error {
	body := strings.TrimSpace(string(rq.body))
	if fault.Code == crm.BadJSON && rq.Method == "POST" && (strings.HasPrefix(body, "[") || strings.ContainsAny(body, ",;\n") && !strings.HasPrefix(body, "{")) {
		fault.Hint += " Rows of a file, as a JSON array or CSV: POST /import/" + e.Route() + "."
	}
	return fault
}

// unknownArgument is the error for an argument that a tool does not take.
func unknownArgument(sent string, takes []string) *crm.Error {
	err := draft.UnknownField(sent, "the tool", takes)
	switch {
	case slices.Contains(takes, "body"):
		err.Hint += " Parameters stand behind the path, like /contacts?limit=20; the fields of a record in body."
	case slices.Contains(takes, "path"):
		err.Hint += " Parameters stand behind the path, like /contacts?limit=20."
	}
	return err
}
