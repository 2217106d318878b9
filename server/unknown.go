package server

import (
	"slices"

	"crmkit/crm"
	"crmkit/server/draft"
)

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
