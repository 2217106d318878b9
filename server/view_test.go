package server_test

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crmkit/store"
)

// viewSeed is the random seed of the tests in this file; 0: another one each time.
var viewSeed = flag.Uint64("view-seed", 0, "random seed of the tests of answers during writes")

// besideWrites sends random requests of readers while a writer changes records, in a store in
// memory, in a file and on PostgreSQL. Each request checks its answers.
type besideWrites struct {
	setup     func(*rig)
	write     func(r *rig, i int) // the ith write
	questions map[string]func(answer map[string]any, text string) (wrong string)
}

func (b besideWrites) run(t *testing.T) {
	for name, path := range map[string]func(*testing.T) string{
		"memory":   func(*testing.T) string { return store.Memory },
		"file":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "crm.db") },
		"postgres": func(t *testing.T) string { return setup{"postgres", 1}.address(t) },
	} {
		t.Run(name, func(t *testing.T) {
			seed := cmp.Or(*viewSeed, rand.Uint64())
			t.Logf("-view-seed=%d", seed)
			r := newRigWith(t, store.Options{Path: path(t)}).as("jane@acme.com")
			b.setup(r)
			b.ask(r, seed)
		})
	}
}

// ask runs one writer and three readers.
func (b besideWrites) ask(r *rig, seed uint64) {
	const readers = 3
	end := time.Now().Add(2 * time.Second)
	together(1+readers, func(i int) {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		for n := 0; time.Now().Before(end) && !r.t.Failed(); n++ {
			if i == readers {
				b.write(r, n)
				time.Sleep(time.Duration(random.IntN(300)) * time.Microsecond)
				continue
			}
			b.askOne(r, random)
		}
	})
}

// askOne sends one of the requests, for text and for JSON.
func (b besideWrites) askOne(r *rig, random *rand.Rand) {
	at := random.IntN(len(b.questions))
	for path, check := range b.questions {
		if at--; at >= 0 {
			continue
		}
		a := r.call("GET", path, "", "Accept", "application/json")
		if a.status != 200 {
			r.t.Errorf("GET %s: %d %s", path, a.status, a.body)
			return
		}
		if wrong := check(decoded(r.t, a.body), a.body); wrong != "" {
			r.t.Errorf("GET %s: %s\n%s", path, wrong, a.body)
		}
		return
	}
}

// TestEmptyListsAreExplainedFromTheirView moves one contact from stage to stage. A list that does
// not find it must not say that a contact has the stage.
func TestEmptyListsAreExplainedFromTheirView(t *testing.T) {
	check := func(answer map[string]any, text string) string {
		switch {
		case len(answer["items"].([]any)) > 0:
			return ""
		case strings.Contains(text, "each condition alone matches something"), strings.Contains(text, "in use: hot"), !strings.Contains(text, "stage=hot matches nothing; in use: cold 1"):
			return "the explanation is of another moment"
		}
		return ""
	}
	besideWrites{
		setup: func(r *rig) { r.want(201, "POST", "/contacts", `{"name":"Jane","stage":"hot"}`) },
		write: func(r *rig, i int) {
			r.call("PATCH", "/contacts/"+r.id("contact", 1), fmt.Sprintf(`{"stage":%q}`, []string{"cold", "hot"}[i%2]))
		},
		questions: map[string]func(map[string]any, string) string{
			"/contacts?stage=hot&name=Jane": check, "/contacts?stage=hot&search=jane": check, "/contacts?stage=hot&search=jnae": check, "/contacts?stage=hot": check,
		},
	}.run(t)
}

// TestGroupsOfASearchAgree renames a company to which three contacts and two deals refer: a search
// for its name finds all of them, or nothing.
func TestGroupsOfASearchAgree(t *testing.T) {
	total := func(want ...int) func(map[string]any, string) string {
		return func(answer map[string]any, _ string) string {
			for _, n := range want {
				if fmt.Sprint(answer["total"]) == fmt.Sprint(n) {
					return ""
				}
			}
			return fmt.Sprintf("the total is %v, want one of %v", answer["total"], want)
		}
	}
	besideWrites{
		setup: func(r *rig) {
			r.want(201, "POST", "/companies", `{"name":"Northwind"}`)
			for i := range 3 {
				r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"p%d","company_id":%q}`, i, r.id("company", 1)))
			}
			for i := range 2 {
				r.want(201, "POST", "/deals", fmt.Sprintf(`{"title":"d%d","company_id":%q}`, i, r.id("company", 1)))
			}
		},
		write: func(r *rig, i int) {
			r.call("PATCH", "/companies/"+r.id("company", 1), fmt.Sprintf(`{"name":%q}`, []string{"Quxly", "Northwind"}[i%2]))
		},
		questions: map[string]func(map[string]any, string) string{
			"/search?q=northwind&limit=1": total(0, 6), "/search?q=northwind": total(0, 6), "/search?q=nortwhind": total(0, 6),
			"/contacts?search=northwind&limit=2": total(0, 3), "/contacts?search=nortwhind&limit=2&total=exact": total(0, 3), "/contacts?company.name=like:northw&limit=2": total(0, 3),
		},
	}.run(t)
}
