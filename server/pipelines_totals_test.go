package server_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// inPipelines makes two pipelines of deals, and deals of two currencies in them, in none, and in stages from before.
func (r *rig) inPipelines(random *rand.Rand) {
	r.t.Helper()
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	add := func(stage, more string) {
		amount := fmt.Sprintf(`,"amount_cents":%d`, random.Int64N(20_000)-5_000)
		if random.IntN(5) == 0 {
			amount = ""
		}
		if stage != "" {
			since := r.clock.Now().Unix() - random.Int64N(30*86400)
			more += fmt.Sprintf(`,"stage":"%s","stage_since":"%s"`, stage, stamp(since))
		}
		r.want(201, "POST", "/deals", fmt.Sprintf(`{"title":"x","currency":"%s"%s%s}`, pick("USD", "EUR"), amount, more))
		r.clock.Advance(3 * time.Hour)
	}
	for range 4 {
		add(pick("Prospect", "lead", "another"), "")
	}
	r.want(201, "PUT", "/pipelines/sales", `{"kind":"deal","default":"yes","stages":[{"name":"lead","probability":10,"stale_after":"14d"},{"name":"demo","probability":33,"stale_after":"48h"},{"name":"an offer","probability":55},{"name":"won","probability":100,"is":"won"},{"name":"lost","probability":0,"is":"lost"}]}`)
	r.want(201, "PUT", "/pipelines/renewals", `{"kind":"deal","stages":[{"name":"due","probability":77},{"name":"called"}]}`)
	for range 40 {
		if random.IntN(4) == 0 {
			add(pick("due", "called"), `,"pipeline":"renewals"`)
		} else {
			add(pick("lead", "demo", "an offer", "won", "lost", ""), "")
		}
	}
}

// sumsOf adds a number of the items by the values of groups, of those that have it.
func sumsOf(items []any, number string, groups ...string) map[string]int64 {
	sums := map[string]int64{}
	for _, item := range items {
		row := item.(map[string]any)
		key := ""
		for _, g := range groups {
			key += fmt.Sprint(row[g]) + "|"
		}
		n, _ := row[number].(json.Number)
		value, _ := n.Int64()
		sums[key] += value
	}
	return sums
}

// TestStagesInTotals compares groups and sums of what follows from stages with those of the records as they are shown.
func TestStagesInTotals(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := newRig(t).as("jane@acme.com")
			r.inPipelines(rand.New(rand.NewPCG(seed, 31)))
			deals := r.json(200, "GET", "/deals?limit=200", "")["items"].([]any)
			for _, by := range []string{"stage", "stale", "pipeline", "days_in_stage", "status"} {
				lines := r.json(200, "GET", "/deals?group="+by+"&sum=weighted_cents", "")["items"].([]any)
				got := sumsOf(lines, "sum_weighted_cents", by, "currency")
				if want := sumsOf(deals, "weighted_cents", by, "currency"); !maps.Equal(got, want) {
					t.Errorf("by %s the sums are %v, want %v", by, got, want)
				}
			}
			r.stagesAreInOrder("/deals?group=stage", "lead", "demo", "an offer", "won", "lost", "due", "called", "another", "Prospect", "<nil>")
			most := int64(0)
			for _, item := range deals {
				n, _ := item.(map[string]any)["days_in_stage"].(json.Number)
				value, _ := n.Int64()
				most = max(most, value)
			}
			contains(t, r.want(200, "GET", "/deals?max=days_in_stage", ""), fmt.Sprintf("max_days_in_stage=%d", most))
			contains(t, r.want(200, "GET", "/deals?group=stage&sum=weighted_cents&vs=-2d", ""), "sum_weighted_cents_diff=")
			contains(t, r.want(200, "GET", "/deals?group=stale&links=1", ""), "stale=yes count=", "rows=/deals?stale=yes", "rows=/deals?stale=is:null")
		})
	}
}

// stagesAreInOrder checks that the lines of groups by stage are in an order, of which some may be missing.
func (r *rig) stagesAreInOrder(path string, order ...string) {
	r.t.Helper()
	var got []string
	for _, item := range r.json(200, "GET", path, "")["items"].([]any) {
		got = append(got, fmt.Sprint(item.(map[string]any)["stage"]))
	}
	want := slices.DeleteFunc(slices.Clone(order), func(name string) bool { return !slices.Contains(got, name) })
	if !slices.Equal(got, want) {
		r.t.Errorf("%s: the stages are %v, want %v", path, got, want)
	}
}

// TestStagesInExports checks that exports have what follows from stages as lists show it, and that both forms are read
// back without a change.
func TestStagesInExports(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.inPipelines(rand.New(rand.NewPCG(1, 32)))
	names := []string{"days_in_stage", "stale", "weighted_cents"}
	want := map[string]map[string]any{}
	for _, item := range r.json(200, "GET", "/deals?limit=200", "")["items"].([]any) {
		row := item.(map[string]any)
		want[row["id"].(string)] = row
	}
	lines := r.want(200, "GET", "/export/deals?format=json", "")
	sheet := r.want(200, "GET", "/export/deals?format=csv", "")
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		var row map[string]any
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&row); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if is := want[row["id"].(string)][name]; row[name] != is {
				t.Errorf("%v: %s is %v, want %v", row["id"], name, row[name], is)
			}
		}
	}
	rows := must(csv.NewReader(strings.NewReader(sheet)).ReadAll())
	for _, row := range rows[1:] {
		for i, column := range rows[0] {
			is := fmt.Sprint(want[row[slices.Index(rows[0], "id")]][column])
			if slices.Contains(names, column) && row[i] != strings.NewReplacer("<nil>", "", "true", "yes", "false", "no").Replace(is) {
				t.Errorf("%v: %s is %q, want %s", row, column, row[i], is)
			}
		}
	}
	for _, name := range names {
		if !slices.Contains(rows[0], name) {
			t.Errorf("the sheet has no column %s: %v", name, rows[0])
		}
	}
	r.clock.Advance(20 * 24 * time.Hour)
	for body, kind := range map[string]string{lines: "application/x-ndjson", sheet: "text/csv"} {
		got := r.want(200, "POST", "/import/deals", body, "Content-Type", kind)
		if !strings.Contains(got, fmt.Sprintf("%d unchanged", len(want))) {
			t.Errorf("%s is read back as\n%s", kind, got)
		}
	}
}
