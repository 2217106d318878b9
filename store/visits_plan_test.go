package store

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"crmkit/crm/pipeline"
	"crmkit/store/visits"
)

// TestStaysAreReadByTheirIndex checks the plans of the reads of stays: each word is one step into the index, and its stays
// are read in the order of the index.
func TestStaysAreReadByTheirIndex(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	f.records(ann, 3)
	p := &pipeline.Pipeline{Kind: "deal", Name: "sales", Stages: []pipeline.Stage{{Name: "lead"}}}
	in := []visits.Stage{{Entity: f.Schema.ByName("deal"), Pipeline: p, Names: []string{"lead"}, Default: true}}
	var texts []string
	var with [][]any
	err := f.Read(t.Context(), func(v *ReadTx) error {
		_, err := visits.Stays(t.Context(), func(ctx context.Context, text string, args []any, each func(scan func(...any) error) error) error {
			texts, with = append(texts, text), append(with, args)
			return v.Rows(ctx, text, args, each)
		}, ann.Workspace, in)
		return err
	})
	must(t, err)
	want := map[string]string{
		"v.record":  "SEARCH v USING INDEX stage_visits_stage (workspace_id=? AND kind=? AND stage=?",
		"RECURSIVE": "SEARCH v USING COVERING INDEX stage_visits_stage (workspace_id=? AND kind=? AND stage>?)",
	}
	for i, text := range texts {
		plan := strings.Join(f.raw(4, "EXPLAIN QUERY PLAN "+text, with[i]...), "\n")
		for part, step := range want {
			if strings.Contains(text, part) && (!strings.Contains(plan, step) || strings.Contains(plan, "TEMP B-TREE")) {
				t.Errorf("%s\n%s", text, plan)
			}
			if strings.Contains(text, part) {
				delete(want, part)
			}
		}
	}
	if len(want) > 0 {
		t.Error(fmt.Sprint("not read: ", want))
	}
}
