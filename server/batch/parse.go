package batch

import (
	"errors"
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/web"
)

const (
	MaxLines = 500 // of a batch; creating as many takes the writer some 50 ms
	maxName  = 40  // characters of a name
)

// line is a write of a batch.
type line struct {
	call   web.Call
	as     string      // the name of its record; empty: none
	entity *crm.Entity // of the record; nil: no route has the call
	ids    []string    // members of the body with ids, besides the references of the entity
	asks   bool        // it needs a confirmation
	needs  []int       // the places of the lines whose records it uses, from 0
}

// members are the members of a line.
var members = []string{"method", "path", "body", "as"}

// parse reads the body of a batch: a JSON array of lines, or JSON lines. An error names its
// line.
//
// Errors: bad_json, unknown_field, missing_field, invalid_value.
func parse(data []byte) ([]line, *crm.Error) {
	objects, err := readObjects(data, MaxLines)
	switch {
	case errors.Is(err, errTooMany):
		return nil, crm.TooMany("body", MaxLines, "lines", "Nothing was saved; send them in several batches.")
	case err != nil:
		return nil, crm.Errorf(crm.BadJSON, "%s. %s", err, example)
	case len(objects) == 0:
		return nil, crm.Errorf(crm.MissingField, "the batch has no lines. %s", example)
	}
	lines := make([]line, len(objects))
	for i, object := range objects {
		l, fault := readLine(object)
		if fault != nil {
			return nil, at(i, fault)
		}
		lines[i] = l
	}
	return lines, nil
}

// example shows the form of a batch.
const example = `A batch is [{"method":"POST","path":"/companies","body":{"name":"Acme"},"as":"co"},{"method":"POST","path":"/contacts","body":{"name":"Ann","company_id":"$co"}}]; see /help/batch.`

// at adds the number of a line to an error.
func at(i int, fault *crm.Error) *crm.Error {
	fault.Hint = fmt.Sprintf("line %d: %s", i+1, fault.Hint)
	return fault
}

// readLine reads the members of a line. Members that are null are missing.
func readLine(object []crm.Member) (l line, fault *crm.Error) {
	for _, m := range object {
		if m.JSON == "null" {
			continue
		}
		switch m.Name {
		case "method":
			l.call.Method, fault = text(m)
			l.call.Method = strings.ToUpper(strings.TrimSpace(l.call.Method))
		case "path":
			l.call.Target, fault = text(m)
		case "body":
			fault = l.readBody(m)
		case "as":
			l.as, fault = name(m)
		default:
			fault = unknown(m)
		}
		if fault != nil {
			return l, fault
		}
	}
	switch {
	case l.call.Method == "":
		return l, missing("method")
	case l.call.Target == "":
		return l, missing("path")
	case l.as != "" && l.call.Method == "DELETE":
		return l, crm.Errorf(crm.InvalidValue, "as names the record of a line for the lines after it; a DELETE leaves none.").On("as")
	}
	return l, nil
}

// missing is the error for a line without a member that each line has.
func missing(member string) *crm.Error {
	return crm.Errorf(crm.MissingField, "%s is required. %s", member, example).On(member)
}

// unknown is the error for a member that lines do not have. Some clients wrap the lines in an
// object.
func unknown(m crm.Member) *crm.Error {
	err := crm.UnknownName(m.Name, "a line of a batch", members)
	if strings.HasPrefix(m.JSON, "[") {
		err.Hint += " The body is the array of lines itself. " + example
	}
	return err
}

// text reads a member that must be a string.
func text(m crm.Member) (string, *crm.Error) {
	s, ok := norm.Unquote(m.JSON)
	if !ok {
		return "", crm.Errorf(crm.InvalidValue, "%s is a string, not %s.", m.Name, norm.ShowJSON(m.JSON)).On(m.Name)
	}
	return s, nil
}

// readBody reads the body of a line: an object, or an object as text, since some clients encode it so.
// Text that is no object is an error of the call.
func (l *line) readBody(m crm.Member) *crm.Error {
	text, isText := norm.Unquote(m.JSON)
	switch {
	case isText:
		object, err := norm.ReadObject([]byte(text))
		if l.call.Body, l.call.Checked = text, err == nil; err == nil {
			l.call.Body = string(norm.AppendObject(nil, object)) // in which a name has one spelling
		}
		return nil
	case m.JSON[0] == '{':
		l.call.Body, l.call.Checked = m.JSON, true
		return nil
	}
	return crm.Errorf(crm.InvalidValue, `body is the JSON object of the call, like {"name":"Ann"}, not %s.`, norm.ShowJSON(m.JSON)).On(m.Name)
}

// name reads the name of a record, which may be written as it is used.
func name(m crm.Member) (string, *crm.Error) {
	s, fault := text(m)
	if fault != nil {
		return "", fault
	}
	s = strings.TrimPrefix(s, "$")
	if !isName(s) {
		return "", crm.Errorf(crm.InvalidValue, "as is %s; a name has a letter, then letters, digits or _, at most %d in all.", norm.Quote(s), maxName).On("as")
	}
	return s, nil
}

// isName reports whether a text is a name: a letter, then letters, digits and _, all ASCII.
func isName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}
