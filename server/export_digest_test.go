package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"crmkit/server/dumptest"
)

// digests returns what the export of a workspace has, apart from bookkeeping.
func digests(t *testing.T, dump string) map[string]dumptest.Digest {
	t.Helper()
	sums, err := dumptest.Sum(strings.NewReader(dump), func() (dumptest.Scratch, error) { return os.CreateTemp(t.TempDir(), "") })
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// changeAtRandom changes n records with values that files easily change, clears fields of
// others, and deletes some, with what belongs only to them.
func (r *rig) changeAtRandom(seed uint64, n int) {
	r.t.Helper()
	random := rand.New(rand.NewPCG(seed, 2))
	handles := map[string][]string{}
	for line := range strings.Lines(r.want(200, "GET", "/export", "")) {
		var object struct{ Handle string }
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			r.t.Fatal(err)
		}
		if kind, _, found := strings.Cut(object.Handle, "/"); found {
			handles[kind] = append(handles[kind], object.Handle)
		}
	}
	kinds := slices.Sorted(maps.Keys(handles))
	for i := range n {
		kind := kinds[random.IntN(len(kinds))]
		handle := handles[kind][random.IntN(len(handles[kind]))]
		if random.IntN(12) == 0 {
			if _, rest, found := strings.Cut(r.call("DELETE", "/"+handle, "").body, "confirm="); found { // otherwise it is deleted already
				r.want(200, "DELETE", "/"+handle+"?confirm="+strings.Fields(rest)[0], "")
			}
			continue
		}
		body := map[string]any{}
		for range 3 {
			f := &r.store.Schema.ByName(kind).Fields[random.IntN(len(r.store.Schema.ByName(kind).Fields))]
			if !f.ReadOnly {
				body[f.Name] = hard(random, f, 1000+i, handles[f.Ref])
			}
		}
		text, _ := json.Marshal(body)
		r.call("PATCH", "/"+handle, string(text)) // some are refused, like the change of a deleted record
		r.clock.Advance(1500 * 1e6)
	}
}

// TestChangedWorkspaceRestores exports workspaces whose records were changed and deleted, imports
// each into an empty one, and compares the digests of both.
func TestChangedWorkspaceRestores(t *testing.T) {
	for seed := range uint64(3) {
		r := newRig(t).as("jane@acme.com")
		r.fillAtRandom(seed, 40)
		r.changeAtRandom(seed, 400)
		dump := r.want(200, "GET", "/export", "")
		if n := strings.Count(dump, "\n"); n > 40*len(r.store.Schema.Records())+40 {
			t.Errorf("seed %d: nothing was deleted, the export has %d lines", seed, n)
		}
		r.as("joe@new.com")
		if text := r.want(200, "POST", "/import", dump); !strings.Contains(text, " created, 0 updated, 0 unchanged, 0 failed") {
			t.Errorf("seed %d: %s", seed, worst(text))
		}
		again := r.want(200, "GET", "/export", "")
		if what := dumptest.Differences(digests(t, dump), digests(t, again)); what != "" {
			t.Errorf("seed %d: %s\n%s", seed, what, diff(strings.Join(portable(t, dump), "\n"), strings.Join(portable(t, again), "\n")))
		}
	}
}

// TestSampleIsAnExport imports a file that dumptest writes, and compares it with the export of the
// workspace: the members of the records of each kind, and their values.
func TestSampleIsAnExport(t *testing.T) {
	var sample bytes.Buffer
	if err := dumptest.Write(&sample, 2000); err != nil {
		t.Fatal(err)
	}
	r := newRig(t).as("jane@acme.com")
	if text := r.want(200, "POST", "/import", sample.String()); !strings.Contains(text, "# imported: 2227 created, 0 updated, 0 unchanged, 0 failed") {
		t.Errorf("%s", worst(text))
	}
	dump := r.want(200, "GET", "/export", "")
	if what := dumptest.Differences(digests(t, sample.String()), digests(t, dump)); what != "" {
		t.Errorf("%s\n%s", what, diff(strings.Join(portable(t, sample.String()), "\n"), strings.Join(portable(t, dump), "\n")))
	}
	want, got := strings.SplitAfter(sample.String(), "\n"), strings.SplitAfter(dump, "\n")
	for i := range want {
		if a, b := fmt.Sprint(memberNames(t, want[i])), fmt.Sprint(memberNames(t, got[i])); a != b {
			t.Fatalf("line %d has the members\n%s\nand that of an export\n%s", i+1, a, b)
		}
	}
	filled := filledFields(t, dump)
	for _, e := range r.store.Schema.Records() {
		for i := range e.Fields {
			if name := e.Name + "." + e.Fields[i].Name; !filled[name] && e.Fields[i].OfStage() == nil {
				t.Errorf("no record of the sample has %s", name)
			}
		}
	}
}

// filledFields returns the fields that a record of an export has, each after its kind.
func filledFields(t *testing.T, dump string) map[string]bool {
	t.Helper()
	filled := map[string]bool{}
	for line := range strings.Lines(dump) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatal(err)
		}
		handle, _ := object["handle"].(string)
		kind, _, _ := strings.Cut(handle, "/")
		for name, value := range object {
			if value != nil {
				filled[kind+"."+name] = true
			}
		}
	}
	return filled
}

// memberNames returns the names of the members of a JSON object, in its order.
func memberNames(t *testing.T, line string) (names []string) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(line))
	for depth, name := 0, true; ; {
		token, err := decoder.Token()
		if err != nil {
			return names
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		text, is := token.(string)
		if depth == 1 && is && name {
			names = append(names, text)
			name = false
			continue
		}
		name = depth == 1
	}
}
