package dumptest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// sum returns the digests of an export.
func sum(t *testing.T, export string) (map[string]Digest, error) {
	t.Helper()
	return Sum(strings.NewReader(export), func() (Scratch, error) { return os.CreateTemp(t.TempDir(), "") })
}

func mustSum(t *testing.T, export string) map[string]Digest {
	t.Helper()
	digests, err := sum(t, export)
	if err != nil {
		t.Fatal(err)
	}
	return digests
}

// file is an export whose records can be changed.
type file struct {
	kinds   []string // in the order of the file
	records map[string][]map[string]any
}

// sampleFile returns the export that Write makes for some contacts.
func sampleFile(t *testing.T, contacts int64) *file {
	t.Helper()
	var text bytes.Buffer
	if err := Write(&text, contacts); err != nil {
		t.Fatal(err)
	}
	f := &file{records: map[string][]map[string]any{}}
	for line := range strings.Lines(text.String()) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatal(err)
		}
		if handle, is := object["handle"].(string); is {
			kind, _, _ := strings.Cut(handle, "/")
			if f.records[kind] == nil {
				f.kinds = append(f.kinds, kind)
			}
			f.records[kind] = append(f.records[kind], object)
		}
	}
	return f
}

func (f *file) String() string {
	lines := []string{`{"crmkit":1,"workspace":"ws_0123456789"}`}
	counts := map[string]int{}
	for _, kind := range f.kinds {
		for _, object := range f.records[kind] {
			text, _ := json.Marshal(object)
			lines = append(lines, string(text))
			counts[kind]++
		}
	}
	text, _ := json.Marshal(counts)
	return strings.Join(append(lines, fmt.Sprintf(`{"end":true,"counts":%s}`, text)), "\n") + "\n"
}

// move gives all records other ids, times and places in the file, as an import may.
func (f *file) move(random *rand.Rand) {
	ids := map[any]string{}
	for _, kind := range f.kinds {
		list := f.records[kind]
		random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		slices.SortStableFunc(list, func(a, b map[string]any) int { // each after its parent, which has none
			return cmp.Compare(fmt.Sprint(a["parent_id"] != nil), fmt.Sprint(b["parent_id"] != nil))
		})
		for i, object := range list {
			prefix, _, _ := strings.Cut(object["id"].(string), "_")
			id := fmt.Sprintf("%s_%c%c00", prefix, "0123456789abcdefghjkmnpqrstvwxyz"[(i+1)>>5], "0123456789abcdefghjkmnpqrstvwxyz"[(i+1)&31])
			ids[object["id"]] = id
			object["id"], object["handle"] = id, kind+"/"+id
			object["version"], object["created_at"], object["updated_by"] = random.IntN(9), "2026-11-01T00:00:00Z", "joe@new.com"
			for field, value := range object {
				if strings.HasSuffix(field, "_id") && value != nil {
					object[field] = ids[value]
				}
			}
		}
	}
}

// change makes one change that no bookkeeping explains, and returns what it was. It changes a value,
// or leads a reference to another record, or removes a record to which nothing refers.
func (f *file) change(random *rand.Rand) string {
	kind := f.kinds[random.IntN(len(f.kinds))]
	list := f.records[kind]
	at := random.IntN(len(list))
	object := list[at]
	if random.IntN(5) == 0 && (kind == "activity" || kind == "task") {
		f.records[kind] = slices.Delete(list, at, at+1)
		return fmt.Sprint("without ", object["handle"])
	}
	fields := slices.DeleteFunc(slices.Sorted(maps.Keys(object)), func(name string) bool { return slices.Contains(bookkeeping, name) || name == "parent_id" && at < 2 })
	field := fields[random.IntN(len(fields))]
	target := map[string]string{"campaign_id": "campaign", "contact_id": "contact", "requester_id": "contact", "company_id": "company", "contact_company_id": "company", "parent_id": "company",
		"deal_id": "deal", "ticket_id": "ticket"}[field]
	if target == "" {
		object[field] = "changed"
		return fmt.Sprintf("%v has another %s", object["handle"], field)
	}
	id := object[field]
	above := f.records[target]
	if field == "parent_id" {
		above = list[:at]
	}
	others := slices.DeleteFunc(slices.Clone(above), func(other map[string]any) bool { return other["id"] == id })
	if len(others) == 0 {
		object[field] = nil
	} else {
		object[field] = others[random.IntN(len(others))]["id"]
	}
	return fmt.Sprintf("%v has %s %v instead of %v", object["handle"], field, object[field], id)
}

// TestDigests moves exports to other ids, and then changes one thing in each.
func TestDigests(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 1))
		f := sampleFile(t, 200)
		want := mustSum(t, f.String())
		f.move(random)
		if what := Differences(want, mustSum(t, f.String())); what != "" {
			t.Fatalf("seed %d, with other ids: %s", seed, what)
		}
		what := f.change(random)
		if Differences(want, mustSum(t, f.String())) == "" {
			t.Fatalf("seed %d: the digests are the same, although %s", seed, what)
		}
	}
}

// TestDigestsOfTwins compares workspaces with two companies of one name: each has a contact, or one
// of them has both.
func TestDigestsOfTwins(t *testing.T) {
	of := func(first, second string) map[string]Digest {
		return mustSum(t, `{"crmkit":1,"workspace":"ws_0"}
{"handle":"company/co_01xx","id":"co_01xx","name":"Acme"}
{"handle":"company/co_02xx","id":"co_02xx","name":"Acme"}
{"handle":"contact/c_01xx","id":"c_01xx","name":"Ann","company_id":"`+first+`"}
{"handle":"contact/c_02xx","id":"c_02xx","name":"Bob","company_id":"`+second+`"}
{"end":true,"counts":{"companies":2,"contacts":2}}
`)
	}
	apart, swapped, together := of("co_01xx", "co_02xx"), of("co_02xx", "co_01xx"), of("co_01xx", "co_01xx")
	if what := Differences(apart, swapped); what != "" {
		t.Errorf("the same with the ids swapped: %s", what)
	}
	if Differences(apart, together) == "" {
		t.Error("a contact at the other company makes no difference")
	}
}

func TestDigestErrors(t *testing.T) {
	const head, one, end = `{"crmkit":1,"workspace":"ws_0"}` + "\n", `{"handle":"company/co_01xx","id":"co_01xx","name":"Acme"}` + "\n", `{"end":true,"counts":{"companies":1}}` + "\n"
	for export, want := range map[string]string{
		"":                      "last line with the counts is missing",
		one:                     "no export of a workspace begins with",
		head + one:              "last line with the counts is missing",
		head + end:              "0 records, and its last line says 1",
		head + one + one + end:  "twice",
		head + one + end + one:  "comes after the counts",
		head + one[:20]:         "unexpected EOF",
		head + `{"handle":"x"}`: "is no id",
		head + `{"handle":"contact/c_01xx","company_id":"co_01xx"}`:                        "leads to co_01xx, which is not above",
		head + one + `{"handle":"contact/c_01xx","company_id":"co_02xx"}`:                  "leads to co_02xx, which is not above",
		head + one + `{"handle":"contact/c_01xx","company_id":"Acme"}`:                     "is no id",
		head + `{"handle":"contact/c_zzzzzzzzzzxx"}`:                                       "beyond number",
		head + `{"handle":"contact/c_01xx","body":"` + strings.Repeat("x", maxLine) + `"}`: "token too long",
	} {
		if _, err := sum(t, export); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.100s: %v, want %q", export, err, want)
		}
	}
}
