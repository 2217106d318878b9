package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store/list"
)

// TestTextContains compares the function that SQL calls with package strings and, for folded text,
// with LIKE. LIKE ignores the case of ASCII letters only.
func TestTextContains(t *testing.T) { engines(t, textContains) }

func textContains(t *testing.T, f *fixture) {
	letters := rapid.StringOf(rapid.SampledFrom([]rune(`aAbBéÉß%_\'" 1`)))
	const asked = "SELECT CASE WHEN " + query.TextContains + `($1, $2) THEN 1 ELSE 0 END, CASE WHEN $1 LIKE '%' || REPLACE(REPLACE(REPLACE($2, '\', '\\'), '%', '\%'), '_', '\_') || '%' ESCAPE '\' THEN 1 ELSE 0 END`
	rapid.Check(t, func(t *rapid.T) {
		text, part := letters.Draw(t, "text"), letters.Draw(t, "part")
		for _, of := range []struct{ text, part string }{{text, part}, {norm.Fold(text), norm.Fold(part)}} {
			var contains, like int
			err := f.Read(context.Background(), func(v *ReadTx) error {
				return v.Row(context.Background(), asked, []any{of.text, of.part}, &contains, &like)
			})
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Contains(of.text, of.part); (contains == 1) != want {
				t.Fatalf("%q has %q: %d, want %v", of.text, of.part, contains, want)
			}
			if of.text != text && contains != like {
				t.Fatalf("%q has %q: %d, by LIKE %d", of.text, of.part, contains, like)
			}
		}
	})
	if got := f.raw(1, "SELECT "+query.TextContains+"(NULL, 'a')"); len(got) != 1 || got[0] != "<nil>" {
		t.Errorf("of an unset column: %q, want unset", got)
	}
}

// TestListsStopAtTheirDeadline gives each step of a list a statement that never ends. The step
// ends with its context, and the connection works for the next read.
func TestListsStopAtTheirDeadline(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.records(ann, 3)
		const endless = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n) > 0"
		q := f.question(ann, "contact", "created_at=not:null&limit=1")
		q.Where = append(q.Where, endless)
		path := query.IndexPath{Sources: []query.KeySource{{From: "contacts g", Key: "g.key", Where: endless}}}
		for name, step := range map[string]func(context.Context, *list.Reader) error{
			"keys": func(ctx context.Context, c *list.Reader) error {
				_, err := c.Keys(ctx, list.Path{Actor: ann, Query: q})
				return err
			},
			"total": func(ctx context.Context, c *list.Reader) error {
				return c.Total(ctx, list.Path{Actor: ann, Query: q}, &list.Page{More: true})
			},
			"count of keys": func(ctx context.Context, c *list.Reader) error {
				_, err := c.CountKeys(ctx, list.Path{Actor: ann, Query: q}, &path, 10)
				return err
			},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			err := f.Snapshot(ctx, func(v *ReadTx) error {
				return step(ctx, &list.Reader{Tx: v, Cached: f.cache.Snapshot(ann.Workspace)})
			})
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
			if page := f.list(ann, "contact", ""); page.Total != 3 {
				t.Errorf("after %s: %d contacts, want 3", name, page.Total)
			}
		}
	})
}
