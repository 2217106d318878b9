package server_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmkit/crm/catalog"
)

// compareFormats compares the text answers of a transcript with the JSON answers to the same
// requests: they have the same status, records and values.
func compareFormats(t *testing.T, texts, objects []exchange) {
	t.Helper()
	for i := range texts {
		text, object := texts[i].answer, objects[i].answer
		if text.status != object.status {
			t.Errorf("%s: status %d in text, %d in JSON", texts[i].request, text.status, object.status)
			continue
		}
		if strings.HasPrefix(text.body, "{") || strings.HasPrefix(text.header.Get("Content-Type"), "text/csv") || strings.Contains(texts[i].request, "format=csv") { // the request itself asks for a format
			continue
		}
		if object.header.Get("Content-Type") == "application/x-ndjson" {
			if err := sameStream(text.body, object.body); err != nil {
				t.Errorf("%s: %v\ntext: %sjson: %s", texts[i].request, err, text.body, object.body)
			}
			continue
		}
		if err := sameAnswer(text.body, object.body); err != nil {
			t.Errorf("%s: %v\ntext: %sjson: %s", texts[i].request, err, text.body, object.body)
		}
	}
}

func sameAnswer(text, body string) error {
	var object map[string]any
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if object["lines"] != nil {
		return sameBatch(lines, object)
	}
	if object["effects"] != nil && object["record"] == nil && object["result"] == nil {
		return sameBulk(lines, object)
	}
	if object["effects"] != nil { // of a dry run about one record
		var err error
		if lines, err = sameEffects(lines, object); err != nil {
			return err
		}
	}
	if code, found := strings.CutPrefix(lines[0], "ERROR "); found {
		return sameError(code, lines[1:], object)
	}
	var records, remarks []string
	for _, line := range lines {
		if remark, found := strings.CutPrefix(line, "# "); found {
			remarks = append(remarks, remark)
		} else {
			records = append(records, line)
		}
	}
	if items, found := object["items"].([]any); found {
		return sameList(records, remarks, items, object)
	}
	return sameSingle(records, remarks, object)
}

// sameStream compares the lines of a stream in text with the objects of the stream in JSON.
func sameStream(text, body string) error {
	var objects []map[string]any
	for decoder := json.NewDecoder(strings.NewReader(body)); ; {
		decoder.UseNumber()
		var object map[string]any
		if err := decoder.Decode(&object); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if object["remarks"] == nil || object["handle"] != nil {
			objects = append(objects, object)
		}
	}
	n := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "# ") {
			continue
		}
		if n == len(objects) {
			return fmt.Errorf("%q is in text only", line)
		}
		if err := sameItem(line, objects[n]); err != nil {
			return err
		}
		n++
	}
	if rest := objects[n:]; len(rest) > 1 || len(rest) == 1 && rest[0]["handle"] != nil {
		return fmt.Errorf("%v are in JSON only", rest)
	}
	return nil
}

// sameItem compares a line about a record, or about the outcome of a row, with its object.
func sameItem(line string, object map[string]any) error {
	if object["row"] == nil {
		return sameLine(line, object, true)
	}
	want := fmt.Sprintf("row %v %v", object["row"], object["result"])
	if object["handle"] != nil {
		want += fmt.Sprintf(" %v", object["handle"])
	}
	if object["error"] != nil {
		where := fmt.Sprint(object["row"])
		if object["line"] != nil {
			where += fmt.Sprintf(" (line %v)", object["line"])
		}
		want = fmt.Sprintf("row %s ERROR %v %v", where, object["error"], object["hint"])
	}
	for _, part := range []string{"changes", "values"} {
		fields, _ := object[part].(map[string]any)
		for name := range fields {
			_, key, _ := strings.Cut(name, ".")
			if quoted, _ := json.Marshal(key); !strings.Contains(line, " "+name) && !strings.Contains(line, "."+string(quoted)) {
				return fmt.Errorf("%q has no %s, which JSON has", line, name)
			}
		}
		if len(fields) > 0 && strings.HasPrefix(line, want+" ") {
			return nil
		}
	}
	if line != want {
		return fmt.Errorf("%q, JSON says %q", line, want)
	}
	return nil
}

func sameError(code string, lines []string, object map[string]any) error {
	if object["error"] != code || lines[0] != "HINT  "+fmt.Sprint(object["hint"]) {
		return fmt.Errorf("the errors differ")
	}
	for _, line := range lines[1:] {
		if confirm, found := strings.CutPrefix(line, "confirm: "); found {
			if object["confirm"] != confirm {
				return fmt.Errorf("confirm differs")
			}
			continue
		}
		if code, found := strings.CutPrefix(line, "# local mode: code="); found {
			if object["local_code"] != code {
				return fmt.Errorf("local_code differs")
			}
			continue
		}
		if err := sameLine(line, object["record"].(map[string]any), true); err != nil {
			return err
		}
	}
	return nil
}

func sameList(records, remarks []string, items []any, object map[string]any) error {
	if len(records) != len(items) {
		return fmt.Errorf("%d lines, %d items", len(records), len(items))
	}
	for i := range records {
		if err := sameLine(records[i], items[i].(map[string]any), false); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	groups, _ := object["groups"].([]any)
	for _, one := range groups {
		g := one.(map[string]any)
		want := fmt.Sprintf("%v: %v", g["type"], g["shown"])
		if g["all"] != nil {
			want += fmt.Sprintf(" of %v; all: GET %v", g["total"], g["all"])
		}
		at := slices.Index(remarks, want)
		if at < 0 {
			return fmt.Errorf("JSON says %s, text %v", want, remarks)
		}
		remarks = slices.Delete(remarks, at, at+1)
	}
	total, next := fmt.Sprint(len(items)), "<nil>"
	var said []any
	for _, remark := range remarks {
		name, value, _ := strings.Cut(remark, ": ")
		counts := regexp.MustCompile(`^(\d+)(?: (?:groups? )?of (\d+)\+?)? [a-z_ ]+$`).FindStringSubmatch(remark)
		switch {
		case name == "next":
			next = value
		case name == "cursor" && object["cursor"] == value:
		case counts == nil:
			said = append(said, remark)
		case counts[1] != total:
			return fmt.Errorf("%s, and %d lines", remark, len(items))
		case counts[2] != "":
			total = counts[2]
		}
	}
	if object["total"] != nil && fmt.Sprint(object["total"]) != total {
		return fmt.Errorf("total %v, text says %s", object["total"], total)
	}
	if fmt.Sprint(object["next_cursor"]) != next {
		return fmt.Errorf("next_cursor %v, text says %s", object["next_cursor"], next)
	}
	if fmt.Sprint(object["remarks"]) != fmt.Sprint(said) && said != nil {
		return fmt.Errorf("remarks %v, text says %v", object["remarks"], said)
	}
	return nil
}

func sameSingle(records, remarks []string, object map[string]any) error {
	if text, found := object["text"].(string); found { // a page of the manual
		if got := strings.Join(records, "\n"); !strings.HasPrefix(text, records[0]) {
			return fmt.Errorf("the documents differ: %s", got)
		}
		return nil
	}
	nothing := object["result"] == "unchanged" && len(remarks) > 0 && remarks[0] == "updated: nothing changed" // an upsert
	if result, found := object["result"].(string); found && result != "deleted" && result != "purged" && !nothing && !strings.HasPrefix(remarks[0], result) {
		return fmt.Errorf("result %s, text says %s", result, remarks[0])
	}
	for member, remark := range map[string]string{"replayed": "replayed", "already_done": "already done", "dry_run": "nothing was saved"} {
		if object[member] == true != slices.Contains(remarks, remark) {
			return fmt.Errorf("%s is %v, text says %v", member, object[member], remarks)
		}
	}
	if object["dry_run"] == true {
		return sameDryRun(records, remarks, object)
	}
	below := []string{"workspaces", "usage", "kinds", "fields", "deal_contacts", "stages"}
	first := maps.Clone(object)
	delete(first, "deal_contacts")
	for i, list := range [][]string{records[:1], records[1:]} {
		for j, line := range list {
			against := first
			if i == 1 {
				for _, name := range below {
					if items, found := object[name].([]any); found {
						against = items[j].(map[string]any)
					}
				}
			}
			if err := sameLine(line, against, i == 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameDryRun compares the answers of a dry run. The line of a record that it would make has no handle,
// and the counts of a delete are in words in text.
func sameDryRun(records, remarks []string, object map[string]any) error {
	if token := "to do exactly this: repeat with confirm=" + fmt.Sprint(object["confirm"]); remarks[len(remarks)-1] != token && object["result"] != "purged" {
		return fmt.Errorf("confirm is %v, text says %s", object["confirm"], remarks[len(remarks)-1])
	}
	changes, _ := object["changes"].(map[string]any)
	for name := range changes {
		if !strings.Contains(strings.Join(remarks, "\n"), " "+name+" ") {
			return fmt.Errorf("the change of %s is in JSON only: %v", name, remarks)
		}
	}
	if object["result"] == "deleted" || object["result"] == "purged" {
		return sameLine(records[0], map[string]any{"handle": object["handle"]}, true)
	}
	object = maps.Clone(object)
	if object["handle"] == nil {
		object["handle"], _, _ = strings.Cut(records[0], " ")
	}
	names := []string{"dry_run", "confirm", "changes"}
	if object["result"] == "restored" { // the lines below say how many
		names = append(names, "restored", "updated", "kept")
	}
	for _, name := range names {
		delete(object, name)
	}
	return sameLine(records[0], object, true)
}

// sameLine compares a line with an object. If whole is true, every set value of the object must
// be in the line.
func sameLine(line string, object map[string]any, whole bool) error {
	if resource, found := object["resource"]; found {
		want := fmt.Sprintf("%v: %v / %v", resource, object["used"], object["limit"])
		if line != strings.ReplaceAll(want, "<nil>", "unlimited") {
			return fmt.Errorf("%q, JSON says %q", line, want)
		}
		return nil
	}
	line, object = asRecord(line, object)
	head, labels, err := parseLine(line)
	if err != nil {
		return err
	}
	handle := fmt.Sprint(object["handle"])
	if object["handle"] == nil {
		handle = fmt.Sprint(cmp.Or(object["status"], object["kind"], object["field"], object["by"]))
	}
	if strings.TrimPrefix(strings.TrimPrefix(head, "deleted "), "purged ") != handle {
		return fmt.Errorf("the line is about %s, the object about %s", head, handle)
	}
	flat := map[string]string{}
	flatten(flat, "", object)
	for name, value := range labels {
		if name == "about" || name == "a" || name == "b" { // records that the line names
			name += ".handle"
			labels[name] = value
		}
		if unset, is := object[name]; value == "(unset)" && is && unset == nil {
			continue // a group
		}
		if !sameValue(value, flat[name]) {
			return fmt.Errorf("%s=%q in text, %q in JSON", name, value, flat[name])
		}
	}
	for name := range flat {
		if _, shown := labels[name]; whole && !shown && !(flat[name] == "0" && isQuiet(head, name)) && !strings.Contains(" id handle status result remarks replayed already_done local_code change stages ", " "+name+" ") {
			return fmt.Errorf("%s is in JSON only", name)
		}
	}
	return nil
}

// asRecord returns a line of numbers, which is about no record, with a head, and its object with that as handle.
func asRecord(line string, object map[string]any) (string, map[string]any) {
	first, _, _ := strings.Cut(line, " ")
	if object["handle"] != nil || object["count"] == nil && object["total"] == nil {
		return line, object
	}
	object = maps.Clone(object)
	if object["handle"] = first; strings.Contains(first, "=") {
		object["handle"], line = "group", "group "+line
	}
	return line, object
}

// isQuiet reports whether text leaves out a count of 0 of a record.
func isQuiet(handle, name string) bool {
	kind, _, _ := strings.Cut(handle, "/")
	for i := range catalog.Entities {
		if e := &catalog.Entities[i]; e.Name == kind && e.Field(name) != nil {
			of := e.Field(name).Rollup()
			return of != nil && of.Quiet
		}
	}
	return false
}

var cutPattern = regexp.MustCompile(`^(?s)(.*)…\(\+(\d+) chars\)$`)

func sameValue(text, object string) bool {
	if cut := cutPattern.FindStringSubmatch(text); cut != nil {
		more, _ := strconv.Atoi(cut[2])
		return strings.HasPrefix(object, cut[1]) && len([]rune(object))-len([]rune(cut[1])) == more
	}
	if text == object {
		return true
	}
	return sameTime(text, object)
}

// sameTime compares a time in any zone, to the minute or the day, with one in
// UTC to the second. A day may begin up to 14 hours apart.
func sameTime(text, object string) bool {
	at, err := time.Parse(time.RFC3339, object)
	if err != nil || !strings.HasSuffix(object, "Z") {
		return false
	}
	if moment, err := time.Parse("2006-01-02T15:04Z07:00", text); err == nil {
		return moment.Equal(at.Truncate(time.Minute))
	}
	day, err := time.Parse(time.DateOnly, text)
	return err == nil && at.Sub(day) > -14*time.Hour && at.Sub(day) < 38*time.Hour
}

// flatten adds the set values of an object under the labels that they have in a line.
func flatten(flat map[string]string, prefix string, object map[string]any) {
	for name, value := range object {
		label := prefix + name
		switch v := value.(type) {
		case nil:
		case map[string]any:
			if prefix == "" {
				flatten(flat, name+".", v)
				continue
			}
			flat[label] = compact(v)
		case []any:
			if slices.Contains([]string{"workspaces", "usage", "kinds", "fields"}, name) {
				continue
			}
			var parts []string
			for _, item := range v {
				if s, ok := item.(string); ok {
					parts = append(parts, s)
				}
			}
			flat[label] = strings.Join(parts, ",")
			if logged := prefix == "from." || prefix == "to."; !logged && (prefix != "" || len(parts) != len(v)) {
				flat[label] = compact(v)
			}
		case bool:
			if v {
				flat[label] = "yes"
			}
			if prefix != "" {
				flat[label] = fmt.Sprint(v)
			}
		default:
			flat[label] = fmt.Sprint(v)
		}
	}
}

func compact(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v)
	return strings.TrimSpace(b.String())
}

// parseLine reads a line as the manual describes it: a head, then label=value pairs, in which
// a value is bare or a JSON string.
func parseLine(line string) (head string, labels map[string]string, err error) {
	labels = map[string]string{}
	head, rest, _ := strings.Cut(line, " ")
	if head == "deleted" || head == "purged" {
		return line, labels, nil
	}
	for rest != "" {
		name, after, found := cutLabel(rest)
		if !found {
			return "", nil, fmt.Errorf("no label at %q", rest)
		}
		if _, twice := labels[name]; twice {
			return "", nil, fmt.Errorf("label %s stands twice", name)
		}
		if !strings.HasPrefix(after, `"`) {
			labels[name], rest, _ = strings.Cut(after, " ")
			continue
		}
		decoder := json.NewDecoder(strings.NewReader(after))
		var value string
		if err := decoder.Decode(&value); err != nil {
			return "", nil, fmt.Errorf("%s: %w", name, err)
		}
		labels[name] = value
		rest = strings.TrimPrefix(after[decoder.InputOffset():], " ")
	}
	return head, labels, nil
}

// cutLabel cuts a label, whose last part may be a JSON string, and its equals
// sign off a line.
func cutLabel(s string) (name, rest string, found bool) {
	prefix, after, quoted := strings.Cut(s, `."`)
	if !quoted || strings.ContainsAny(prefix, "= ") {
		return strings.Cut(s, "=")
	}
	decoder := json.NewDecoder(strings.NewReader(`"` + after))
	var key string
	if decoder.Decode(&key) != nil {
		return "", "", false
	}
	rest, found = strings.CutPrefix((`"` + after)[decoder.InputOffset():], "=")
	return prefix + "." + key, rest, found
}

// bulkCounts are the members with the counts of effects.
var bulkCounts = []string{"created", "updated", "unchanged", "merged", "deleted", "failed", "left", "shown", "total"}

// sameEffects compares the effects and counts of a dry run about one record, and returns the other lines. It takes
// these members out of the object.
func sameEffects(lines []string, object map[string]any) (rest []string, err error) {
	first := object["effects"].([]any)[0].(map[string]any)
	at := 1 + slices.IndexFunc(lines[1:], func(line string) bool { // the first line is that of the answer itself
		return strings.HasPrefix(line+" ", fmt.Sprintf("%v %v ", first["result"], cmp.Or(first["handle"], first["kind"])))
	})
	n := len(object["effects"].([]any)) + 1
	if at < 1 || at+n > len(lines) {
		return nil, fmt.Errorf("%q has no effects", lines)
	}
	effects := map[string]any{}
	for _, name := range append([]string{"effects"}, bulkCounts...) {
		if object[name] != nil {
			effects[name] = object[name]
		}
		delete(object, name)
	}
	if err := sameBulk(lines[at:at+n], effects); err != nil {
		return nil, err
	}
	if next := object["next_cursor"]; next != nil {
		if lines[at+n] != fmt.Sprint("# more: dry_run=1&limit=200&cursor=", next) {
			return nil, fmt.Errorf("%q, JSON has the cursor %v", lines[at+n], next)
		}
		n++
	}
	delete(object, "next_cursor")
	return slices.Delete(slices.Clone(lines), at, at+n), nil
}

// sameBulk compares the answer to a write of many records: its effects, its counts and, if it was not
// confirmed, its error.
func sameBulk(lines []string, object map[string]any) error {
	if object["error"] != nil {
		if err := sameError(strings.TrimPrefix(lines[0], "ERROR "), lines[1:3], object); err != nil {
			return err
		}
		lines = lines[3:]
	}
	for _, one := range object["effects"].([]any) {
		effect := one.(map[string]any)
		want := fmt.Sprintf("%v %v", effect["result"], cmp.Or(effect["handle"], effect["kind"]))
		if effect["error"] != nil {
			want = fmt.Sprintf("ERROR %v %v", effect["error"], effect["handle"])
		}
		if effect["label"] != nil {
			label, _ := json.Marshal(effect["label"])
			want += " " + string(label)
		}
		if effect["hint"] != nil {
			want += fmt.Sprintf(" %v", effect["hint"])
		}
		if len(lines) == 0 || !strings.HasPrefix(lines[0]+" ", want+" ") {
			return fmt.Errorf("text has %q, JSON says %q", lines, want)
		}
		changes, _ := effect["changes"].(map[string]any)
		for name := range changes {
			if !strings.Contains(lines[0], " "+name+" ") {
				return fmt.Errorf("%q has no %s", lines[0], name)
			}
		}
		values, _ := effect["values"].(map[string]any)
		for name := range values {
			if !strings.Contains(lines[0], " "+name+"=") {
				return fmt.Errorf("%q has no %s", lines[0], name)
			}
		}
		lines = lines[1:]
	}
	counts := map[string]string{}
	for _, part := range strings.Split(strings.TrimPrefix(lines[0], "# "), ", ") {
		n, name, _ := strings.Cut(part, " ")
		counts[name] = n
	}
	for _, name := range bulkCounts {
		if n := object[name]; n != nil && fmt.Sprint(n) != cmp.Or(counts[name], "0") {
			return fmt.Errorf("%s is %v, text says %q", name, n, lines[0])
		}
	}
	return nil
}
