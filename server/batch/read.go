package batch

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// errTooMany is the error of a list that is too long.
var errTooMany = errors.New("too many objects")

// errNoList is the error of a body of another form.
var errNoList = errors.New("the body must be a JSON array of objects, or JSON lines")

// readObjects reads a list of JSON objects, each as strictly as norm.ReadObject reads one: a JSON
// array of them, or JSON lines. Of a list that is too long the rest is not split, and the
// error is errTooMany. Other errors are sentences for a hint.
func readObjects(data []byte, most int) ([][]crm.Member, error) {
	switch text := bytes.TrimSpace(data); {
	case len(text) == 0:
		return nil, errors.New("the body is empty")
	case text[0] == '[':
		return objectsOfArray(text, most)
	case text[0] == '{':
		return objectsOfLines(text, most)
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return nil, errors.New("the body starts with a byte order mark; send plain UTF-8")
	}
	return nil, errNoList
}

// objectsOfArray reads the objects of a JSON array. The array is checked as a whole, so that each
// byte is read once.
func objectsOfArray(data []byte, most int) ([][]crm.Member, error) {
	const before = `{"":`
	checked, err := norm.ReadObject(append(append([]byte(before), data...), '}'))
	if err != nil || len(checked) != 1 {
		return nil, faultOfArray(data, err, most)
	}
	items, _ := norm.ParseItems(checked[0].JSON, most)
	if len(items) > most {
		return nil, errTooMany
	}
	list := make([][]crm.Member, len(items))
	for i, item := range items {
		if item[0] != '{' {
			return nil, notAnObject(i, item)
		}
		list[i] = norm.ParseObject(item)
	}
	return list, nil
}

// notAnObject is the error for an element of the array that is no object.
func notAnObject(i int, item string) error {
	return fmt.Errorf("line %d: it is %s, not a JSON object", i+1, norm.ShowJSON(item))
}

// faultOfArray returns the error of an array that was refused, with the place of the fault: the
// line, or the byte if the text is not JSON. It reads one object after the other, and at most so many.
func faultOfArray(data []byte, refused error, most int) error {
	var syntax *json.SyntaxError
	if err := json.Unmarshal(data, new(json.RawMessage)); errors.As(err, &syntax) {
		return fmt.Errorf("not valid JSON at byte %d: %s", syntax.Offset, syntax.Error())
	}
	if refused == nil || !utf8.Valid(data) {
		return cmp.Or(refused, errNoList)
	}
	items := json.NewDecoder(bytes.NewReader(data))
	_, err := items.Token() // the bracket
	for i := 0; i < most && err == nil && items.More(); i++ {
		var item json.RawMessage
		if err = items.Decode(&item); err != nil {
			break
		}
		if item[0] != '{' {
			return notAnObject(i, string(item))
		}
		if _, err := norm.ReadObject(item); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return refused
}

// objectsOfLines reads the objects of JSON lines. A single object may take several lines. Empty
// lines are left out, and not counted.
func objectsOfLines(data []byte, most int) (list [][]crm.Member, err error) {
	if json.Valid(data) {
		members, err := norm.ReadObject(data)
		return [][]crm.Member{members}, err
	}
	for line := range bytes.Lines(data) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(list) == most {
			return nil, errTooMany
		}
		members, err := norm.ReadObject(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(list)+1, err)
		}
		list = append(list, members)
	}
	return list, nil
}
