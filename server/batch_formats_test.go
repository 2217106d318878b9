package server_test

import (
	"fmt"
	"maps"
	"strings"
)

// sameBatch compares the text of an answer to a batch with its JSON.
func sameBatch(text []string, object map[string]any) error {
	if code, failed := strings.CutPrefix(text[0], "ERROR "); failed {
		if object["error"] != code || text[1] != fmt.Sprint("HINT  ", object["hint"]) {
			return fmt.Errorf("the errors differ")
		}
		if text = text[2:]; object["confirm"] != nil {
			if text[0] != fmt.Sprint("confirm: ", object["confirm"]) {
				return fmt.Errorf("the tokens differ")
			}
			text = text[1:]
		}
	}
	for _, item := range object["lines"].([]any) {
		rest, err := sameReceipt(text, item.(map[string]any))
		if err != nil {
			return err
		}
		text = rest
	}
	var want []string
	if object["error"] == nil {
		want = append(want, batchCounts(object))
	}
	remarks, _ := object["remarks"].([]any)
	for _, remark := range remarks {
		want = append(want, fmt.Sprint("# ", remark))
	}
	if object["change"] != nil {
		want = append(want, fmt.Sprintf("# change %v; undo: POST /undo {\"change\":\"%[1]v\"}", object["change"]))
	}
	if object["dry_run"] == true {
		want = append(want, "# nothing was saved", fmt.Sprint("# to do exactly this: repeat with confirm=", object["confirm"]))
	}
	for member, remark := range map[string]string{"replayed": "# replayed", "already_done": "# already done"} {
		if object[member] == true {
			want = append(want, remark)
		}
	}
	if strings.Join(text, "\n") != strings.Join(want, "\n") {
		return fmt.Errorf("text ends with %q, want %q", text, want)
	}
	return nil
}

// batchCounts returns the remark with the counts of a batch.
func batchCounts(object map[string]any) string {
	counts := fmt.Sprintf("# %v done", object["done"])
	for _, name := range []string{"failed", "not_tried"} {
		if n := fmt.Sprint(object[name]); n != "0" {
			counts += ", " + n + " " + strings.ReplaceAll(name, "_", " ")
		}
	}
	return counts
}

// sameFields compares the changes or values in a line with those of its object, and reports whether it has some.
func sameFields(line string, item map[string]any) (some bool, err error) {
	for part, sign := range map[string]string{"changes": " ", "values": "="} {
		fields, _ := item[part].(map[string]any)
		for name := range fields {
			if some = true; !strings.Contains(line, " "+name+sign) {
				return false, fmt.Errorf("%q lacks %s", line, name)
			}
		}
	}
	return some, nil
}

// sameReceipt compares the next lines of text with a receipt, and returns the lines after them.
func sameReceipt(text []string, item map[string]any) (rest []string, err error) {
	if len(text) == 0 {
		return nil, fmt.Errorf("text has no line for %v", item)
	}
	line, rest := text[0], text[1:]
	if item["status"] != nil { // it is about several records
		object := maps.Clone(item)
		delete(object, "line")
		return rest, sameLine(strings.TrimPrefix(line, fmt.Sprint(item["line"], " ")), object, true)
	}
	what := item["handle"]
	if item["kind"] != nil { // it does not exist
		if what = item["kind"]; item["record"] != nil {
			what = fmt.Sprint(what, "/", item["record"])
		}
	}
	want := fmt.Sprintf("%v %v %v", item["line"], item["result"], what)
	switch {
	case item["not_tried_because"] != nil:
		want = fmt.Sprintf("%v not tried because %v failed", item["line"], item["not_tried_because"])
	case item["error"] != nil:
		want = fmt.Sprintf("%v ERROR %v %v", item["line"], item["error"], item["hint"])
	case item["as"] != nil:
		want += fmt.Sprint(" as=", item["as"])
	}
	more, err := sameFields(line, item)
	if err != nil {
		return nil, err
	}
	if line != want && (!more || !strings.HasPrefix(line, want+" ")) {
		return nil, fmt.Errorf("%q, JSON says %q", line, want)
	}
	if record, found := item["record"].(map[string]any); found && item["error"] != nil {
		if err := sameLine(rest[0], record, true); err != nil {
			return nil, err
		}
		rest = rest[1:]
	}
	remarks, _ := item["remarks"].([]any)
	for _, remark := range remarks {
		if rest[0] != fmt.Sprintf("# %v: %v", item["line"], remark) {
			return nil, fmt.Errorf("%q, JSON has the remark %v", rest[0], remark)
		}
		rest = rest[1:]
	}
	return rest, nil
}
