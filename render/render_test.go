package render_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/norm"
	"crmkit/render"
)

// hostile are texts that look like further values, lines or markup.
var hostile = []string{
	"Jane Doe", "jane@acme.com", "a=b", "\n", "a\r\nb", "\n# next: x", "# 50 contacts", "\nERROR not_found", "ERROR x", "\ncontact/c_07j0 name=x", `"`, `\`, `\n`, `"a" b="c`, "x\" stage=\"won",
	"\u2028", "\u2029", "\u0085", "\u202eevil\u202c", "\u2066", "\x1b[2K\x1b[1A", "\u009b31m", "\x00x", "\x7f", "\t", "\u200b", "\u200d", "\ufeff", "\u00ad", "a\ufe0f", "\U000e0041\U000e007f", "\U000e0100", "\u3164",
	"\u00a0", "\u3000", "<b>&amp;</b>", "日本語", "😀", "…(+12 chars)", "null", "true", "12", "-", "{}", `{"a":1}`, "[1]", "=", ".", ",",
}

var members = []string{"12345678901234567890", "-0.10", "1E+400", "true", "null", "[]", "{}", `[1,"a b",{"x":null}]`, `{"n":1.50,"t":"\u2028\""}`, `""`, `"plain"`, `"12"`}

// texts draws non-empty stored text: valid UTF-8 without NUL.
func texts() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(hostile), rapid.String()), 1, 4).Draw(t, "parts")
		return storable(strings.Join(parts, rapid.SampledFrom([]string{"", " "}).Draw(t, "glue")))
	})
}

// storable returns a text without what a column cannot store.
func storable(s string) string {
	if s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", ""); s == "" {
		return "x"
	}
	return s
}

func schema(t interface{ Fatalf(string, ...any) }) *crm.Schema {
	s, err := catalog.Schema()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return s
}

// drawRecord draws a record with any fields set to any values.
func drawRecord(t *rapid.T) crm.Record {
	s := schema(t)
	e := s.ByName(rapid.SampledFrom([]string{"contact", "company", "deal", "activity"}).Draw(t, "entity"))
	rec := crm.NewRecord(e)
	rec.Key = crm.RecordKey(1, rapid.Int64Range(1, 1<<40-1).Draw(t, "number"))
	rec.ID = crm.RecordID(e.Prefix, rec.Key)
	for i := range e.Fields {
		f := &e.Fields[i]
		if !f.Stored() || !f.Required && rapid.Bool().Draw(t, "unset "+f.Name) {
			continue
		}
		rec.Values[i] = drawValue(t, f)
		if f.IsReference() {
			rec.Labels[i] = texts().Draw(t, f.Path())
		}
	}
	return rec
}

func drawValue(t *rapid.T, f *crm.Field) crm.Value {
	switch {
	case f.Type.Kind() == crm.IntKind:
		return crm.Number(rapid.Int64().Draw(t, f.Name))
	case f.Type.Kind() == crm.TimeKind: // years 1 to 9999
		return crm.Millis(rapid.Int64Range(-62135596800, 253402300799).Draw(t, f.Name) * 1000)
	case f.IsReference():
		return crm.Key(crm.RecordKey(1, rapid.Int64Range(1, 1<<40-1).Draw(t, f.Name)))
	case f.Type.Kind() == crm.ListKind:
		tags := rapid.SliceOfN(texts(), 1, 4).Draw(t, f.Name)
		for i := range tags {
			tags[i] = strings.ReplaceAll(tags[i], ",", ";")
		}
		return crm.Labels(tags)
	case f.Type.Kind() == crm.ObjectKind:
		return drawObject(t)
	}
	return crm.Str(texts().Draw(t, f.Name))
}

func drawObject(t *rapid.T) crm.Value {
	var list []crm.Member
	for _, name := range rapid.SliceOfNDistinct(texts(), 1, 4, rapid.ID).Draw(t, "keys") {
		value := rapid.SampledFrom(members).Draw(t, "member")
		if rapid.Bool().Draw(t, "text") {
			value = string(norm.AppendQuoted(nil, texts().Draw(t, "member text")))
		}
		list = append(list, crm.Member{Name: name, JSON: value})
	}
	slices.SortFunc(list, func(a, b crm.Member) int { return strings.Compare(a.Name, b.Name) })
	return crm.Members(list)
}

// wantText returns the pairs that the record's line must have, in order.
func wantText(rec crm.Record, show func(*crm.Field) bool) []pair {
	var pairs, custom []pair
	for i, v := range rec.Values {
		f := &rec.Entity.Fields[i]
		if f.AmountOf() != nil {
			v = f.Type.Show(rec, i)
		}
		if !v.Set() || !show(f) || f.Rollup() != nil && f.Rollup().Quiet && v.Int == 0 {
			continue
		}
		switch f.Type.Kind() {
		case crm.IntKind:
			pairs = append(pairs, pair{f.Name, fmt.Sprint(v.Int)})
		case crm.TimeKind:
			pairs = append(pairs, pair{f.Name, time.UnixMilli(v.Int).UTC().Format("2006-01-02T15:04Z")})
		case crm.RefKind:
			to := rec.Entity.Target(f)
			pairs = append(pairs, pair{f.Name, crm.RecordID(to.Prefix, v.Int)}, pair{f.Path() + "." + to.LabelField, rec.Labels[i]})
		case crm.ListKind:
			pairs = append(pairs, pair{f.Name, strings.Join(v.List(), ",")})
		case crm.ObjectKind:
			for _, m := range v.Members() {
				text := m.JSON
				if strings.HasPrefix(text, `"`) {
					text, _ = norm.Unquote(text)
				}
				list := &pairs
				if f.Name == "custom" {
					list = &custom // comes last
				}
				*list = append(*list, pair{f.Name + "." + m.Name, text})
			}
		default:
			pairs = append(pairs, pair{f.Name, v.Text})
		}
	}
	return append(pairs, custom...)
}

// wantJSON returns the value that the record's JSON object must decode to.
func wantJSON(rec crm.Record) map[string]any {
	object := map[string]any{"id": rec.ID, "handle": rec.Handle()}
	for i, v := range rec.Values {
		f := &rec.Entity.Fields[i]
		if f.OnRequest {
			continue
		}
		if f.AmountOf() != nil {
			v = f.Type.Show(rec, i)
		} else if !f.Stored() && f.OfStage() == nil {
			continue
		}
		var value any
		switch v.Kind {
		case crm.TextKind:
			value = v.Text
		case crm.IntKind:
			value = json.Number(fmt.Sprint(v.Int))
		case crm.TimeKind:
			value = time.UnixMilli(v.Int).UTC().Format("2006-01-02T15:04:05Z")
		case crm.RefKind:
			value = crm.RecordID(rec.Entity.Target(f).Prefix, v.Int)
		case crm.ListKind:
			value = anys(v.List())
		case crm.ObjectKind:
			value = decode(string(norm.AppendObject(nil, v.Members())))
		}
		object[f.Name] = value
		if f.IsReference() {
			object[f.Path()] = nil
			if v.Set() {
				object[f.Path()] = map[string]any{rec.Entity.Target(f).LabelField: rec.Labels[i]}
			}
		}
	}
	return object
}

func anys(list []string) []any {
	var out []any
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// decode parses JSON without changing the text of numbers. It returns nil if it is not JSON.
func decode(text string) (value any) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return nil
	}
	return value
}

// checkRecord checks the promises for a record in both formats.
func checkRecord(t interface{ Fatalf(string, ...any) }, rec crm.Record) {
	line := render.Record(rec, nil)
	doc := &render.Response{Line: &line}
	lines := textLines(t, string(doc.Append(nil, render.Text)))
	if len(lines) != 1 {
		t.Fatalf("%d lines for one record: %q", len(lines), lines)
	}
	all := func(*crm.Field) bool { return true }
	head, pairs, err := readLine(lines[0])
	if want := wantText(rec, all); err != nil || head != rec.Handle() || !slices.Equal(pairs, want) {
		t.Fatalf("%s\nis read as %q %v\nwant       %q", lines[0], pairs, err, want)
	}
	out := doc.Append(nil, render.JSON)
	if _, err := norm.ReadObject(out); err != nil || bytes.Count(out, []byte("\n")) != 1 {
		t.Fatalf("%s is not one strict object on one line: %v", out, err)
	}
	if got, want := decode(string(out)), wantJSON(rec); !reflect.DeepEqual(got, any(want)) {
		t.Fatalf("%s\ndecodes to %v\nwant       %v", out, got, want)
	}
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkRecord(t, drawRecord(t)) })
}

// TestList checks that n records are n lines, whatever their values are, followed by the remarks
// and, last, the cursor.
func TestList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOfN(rapid.Custom(drawRecord), 0, 5).Draw(t, "records")
		remarks := rapid.SliceOfN(texts(), 0, 3).Draw(t, "remarks")
		doc := &render.Response{Remarks: remarks, Page: &render.Page{Noun: "contact", Plural: "contacts", Total: 12, Exact: true, Counted: true, Next: "abc"}}
		for _, rec := range records {
			doc.Items = append(doc.Items, render.Record(rec, nil))
		}
		lines := textLines(t, string(doc.Append(nil, render.Text)))
		if want := len(records) + 2 + len(remarks); len(lines) != want {
			t.Fatalf("%d lines, want %d: %q", len(lines), want, lines)
		}
		for i, rec := range records {
			checkListed(t, rec, lines[i])
		}
		for _, line := range lines[len(records):] {
			if !strings.HasPrefix(line, "# ") {
				t.Fatalf("%q is no remark", line)
			}
		}
		if lines[len(lines)-1] != "# next: abc" {
			t.Fatalf("the last line is %q", lines[len(lines)-1])
		}
		checkItems(t, string(doc.Append(nil, render.JSON)), records)
	})
}

func checkListed(t *rapid.T, rec crm.Record, line string) {
	head, pairs, err := readLine(line)
	if err != nil || head != rec.Handle() {
		t.Fatalf("%q does not begin with %s: %v", line, rec.Handle(), err)
	}
	brief := func(f *crm.Field) bool { return f.InLists }
	want := wantText(rec, brief)
	if len(pairs) != len(want) {
		t.Fatalf("%q shows %q, want %q", line, pairs, want)
	}
	for i, p := range pairs {
		switch f := rec.Entity.Field(p.label); {
		case f != nil && f.DateOnly:
			want[i].value = want[i].value[:len("2006-01-02")]
		case utf8.RuneCountInString(want[i].value) > 200:
			checkCut(t, want[i].value, p.value)
			continue
		}
		if p != want[i] {
			t.Fatalf("%q shows %q, want %q", line, p, want[i])
		}
	}
}

// checkCut checks that a long value is cut at a word and that N is right.
func checkCut(t interface{ Fatalf(string, ...any) }, full, shown string) {
	i := strings.LastIndex(shown, "…(+")
	var left int
	if i < 0 {
		t.Fatalf("%q is not cut", shown)
	}
	if n, err := fmt.Sscanf(shown[i:], "…(+%d chars)", &left); n != 1 || err != nil || !strings.HasSuffix(shown, " chars)") {
		t.Fatalf("%q ends oddly: %v", shown, err)
	}
	rest, found := strings.CutPrefix(full, shown[:i])
	kept := utf8.RuneCountInString(shown[:i])
	if !found || left != utf8.RuneCountInString(rest) || left == 0 || kept > 200 || kept < 100 {
		t.Fatalf("%q keeps %d and leaves %d of %q", shown, kept, left, full)
	}
	next, _ := utf8.DecodeRuneInString(rest)
	if tail := []rune(full)[101:201]; !unicode.IsSpace(next) && slices.ContainsFunc(tail, unicode.IsSpace) {
		t.Fatalf("%q is cut within a word", shown)
	}
}

func checkItems(t *rapid.T, out string, records []crm.Record) {
	page, _ := decode(out).(map[string]any)
	items, ok := page["items"].([]any)
	if !ok || len(items) != len(records) || strings.Count(out, "\n") != 1 {
		t.Fatalf("%d items: %s", len(items), out)
	}
	for i, rec := range records {
		if !reflect.DeepEqual(items[i], any(wantJSON(rec))) {
			t.Fatalf("%v, want %v", items[i], wantJSON(rec))
		}
	}
	delete(page, "items")
	delete(page, "remarks")
	want := map[string]any{"total": json.Number("12"), "total_exact": true, "next_cursor": "abc"}
	if !maps.Equal(page, want) {
		t.Fatalf("the page says %v", page)
	}
}

// FuzzRender checks a record, an error, a remark and a receipt with any texts.
func FuzzRender(f *testing.F) {
	for i, text := range hostile {
		f.Add(text, hostile[len(hostile)-1-i], int64(i)*86_399_999-1e12)
	}
	f.Fuzz(func(t *testing.T, text, key string, n int64) {
		text, key = storable(text), storable(key)
		e := schema(t).ByName("contact")
		rec := crm.NewRecord(e)
		rec.Key = crm.RecordKey(1, 7)
		rec.ID = crm.RecordID(e.Prefix, rec.Key)
		rec.Set("name", crm.Str(text))
		rec.Set("notes", crm.Str(key))
		rec.Set("tags", crm.Labels([]string{strings.ReplaceAll(text, ",", "")}))
		rec.Set("follow_up_at", crm.Millis(n%250_000_000_000*1000))
		rec.Set("version", crm.Number(n))
		rec.Set("custom", crm.Members([]crm.Member{{Name: key, JSON: string(norm.AppendQuoted(nil, text))}}))
		if n%250_000_000_000 > -62_000_000_000 {
			checkRecord(t, rec)
		}
		checkError(t, text, key)
		checkReceipt(t, text, key)
	})
}
