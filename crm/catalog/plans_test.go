package catalog_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/norm"
)

func TestBuiltinPlans(t *testing.T) {
	want := map[string][]int64{"standard": caps(100_000, 100, 20, 5_000_000_000), "free": caps(1_000, 5, 3, 100_000_000)}
	for range catalog.Resources() {
		want["unlimited"] = append(want["unlimited"], catalog.Unlimited)
	}
	plans := catalog.BuiltinPlans()
	if got := plans.Names(); !slices.Equal(got, []string{"standard", "free", "unlimited"}) {
		t.Fatalf("the built-in plans are %q", got)
	}
	for name, caps := range want {
		if got := allCaps(plans, name); !slices.Equal(got, caps) {
			t.Errorf("%s allows %d, want %d", name, got, caps)
		}
	}
}

// caps returns the caps of a built-in plan in the order of Resources.
func caps(records, members, workspaces, storage int64) []int64 {
	var list []int64
	for _, name := range catalog.Resources() {
		switch name {
		case "members":
			list = append(list, members)
		case catalog.Storage:
			list = append(list, storage)
		case "workspaces":
			list = append(list, workspaces)
		case "activities", "campaign_members", "deal_contacts":
			list = append(list, 10*records)
		default:
			list = append(list, records)
		}
	}
	return list
}

// written returns a plan with these caps in the form of the setting.
func written(name string, caps []int64) string {
	text := name + ":"
	for i, resource := range catalog.Resources() {
		text += fmt.Sprintf(" %s=%d", resource, caps[i])
	}
	return text
}

// TestResources checks that plans cap everything that a client can create without limit, and
// nothing that does not exist.
func TestResources(t *testing.T) {
	names := catalog.Resources()
	if first := []string{"contacts", "companies", "deals"}; !slices.Equal(names[:3], first) {
		t.Errorf("the resources are %q, want %q first", names, first)
	}
	var plurals []string
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range schema.Entities {
		plurals = append(plurals, e.Plural)
		if e.Can(crm.Create) && !e.IsDefinition() && !slices.Contains(names, e.Plural) {
			t.Errorf("no plan can cap %s", e.Plural)
		}
	}
	for _, name := range names {
		if !slices.Contains(plurals, name) && name != catalog.Storage {
			t.Errorf("%s are capped and no kind of record", name)
		}
	}
}

// TestPlansAreNotShared checks that a caller that changes the plans it got does not change those
// of another server.
func TestPlansAreNotShared(t *testing.T) {
	catalog.Resources()[0] = "spoiled"
	catalog.BuiltinPlans()[0].Caps[0].Max = 1
	plans := parsePlans(t, "free: contacts=1")
	plans[0].Caps[0] = catalog.Cap{}
	if got := catalog.Resources()[0]; got != "contacts" {
		t.Errorf("the first resource became %s", got)
	}
	for name, want := range map[string]int64{"standard": 100_000, "free": 1_000} {
		if got := catalog.BuiltinPlans().Cap(name, "contacts"); got != want {
			t.Errorf("%s allows %d contacts, want %d", name, got, want)
		}
	}
}

func TestPlanCap(t *testing.T) {
	set := parsePlans(t, "team: contacts=5000 members=0")
	own := parsePlans(t, "standard: contacts=7")
	for _, test := range []struct {
		plans          catalog.Plans
		plan, resource string
		want           int64
	}{
		{set, "team", "contacts", 5_000},
		{set, "team", "members", 0},
		{set, "team", "deals", catalog.Unlimited},
		{set, "free", "deals", 1_000},
		{set, "free", "tokens", catalog.Unlimited},
		{set, "gone", "contacts", 100_000},
		{set, "", "workspaces", 20},
		{set, "Team", "members", 100},
		{own, "gone", "contacts", 7},
		{own, "gone", "deals", catalog.Unlimited},
		{own, "free", "deals", 1_000},
		{nil, "standard", "contacts", 100_000},
		{nil, "unlimited", "members", 100},
		{catalog.Plans{{Name: "one"}}, "one", "contacts", catalog.Unlimited},
		{catalog.Plans{{Name: "one"}}, "two", "contacts", 100_000},
	} {
		if got := test.plans.Cap(test.plan, test.resource); got != test.want {
			t.Errorf("%v: %q allows %d %s, want %d", test.plans, test.plan, got, test.resource, test.want)
		}
	}
}

func TestParsePlans(t *testing.T) {
	standard, free := written("standard", caps(100_000, 100, 20, 5_000_000_000)), written("free", caps(1_000, 5, 3, 100_000_000))
	unlimited := catalog.Plan{Name: "unlimited"}.String()
	for _, test := range []struct {
		text string
		want []string
	}{
		{"", []string{standard, free, unlimited}},
		{" \t\n", []string{standard, free, unlimited}},
		{" ; ;; ", []string{standard, free, unlimited}},
		{"team: contacts=5000 companies=5000 members=10; big: contacts=1000000",
			[]string{standard, free, unlimited, "team: contacts=5000 companies=5000 members=10", "big: contacts=1000000"}},
		{"big:contacts=1;a:deals=2;", []string{standard, free, unlimited, "big: contacts=1", "a: deals=2"}},
		{"team : contacts=1,deals=2 , ,\tmembers=3,\nworkspaces=4", []string{standard, free, unlimited, "team: contacts=1 deals=2 members=3 workspaces=4"}},
		{"team: workspaces=0 contacts=007", []string{standard, free, unlimited, "team: workspaces=0 contacts=7"}},
		{"a: deals=1000000000000 contacts=unlimited", []string{standard, free, unlimited, "a: deals=1000000000000 contacts=unlimited"}},
		{"free: contacts=5", []string{standard, "free: contacts=5", unlimited}},
		{"x: deals=1; unlimited: deals=9; standard: members=unlimited", []string{"standard: members=unlimited", free, "unlimited: deals=9", "x: deals=1"}},
		{"a-_9: deals=1; " + strings.Repeat("b", 32) + ": deals=2", []string{standard, free, unlimited, "a-_9: deals=1", strings.Repeat("b", 32) + ": deals=2"}},
	} {
		got, err := catalog.ParsePlans(test.text)
		if err != nil || !slices.Equal(printed(got), test.want) {
			t.Errorf("%q: %v, %q", test.text, err, printed(got))
		}
	}
}

// The ends of the errors for refused plans.
const (
	badName   = " is not a plan name; use 1 to 32 of the characters a-z, 0-9, - and _, beginning with a letter"
	badPlan   = " is not a plan; write a name, a colon and caps, like team: contacts=5000 members=10"
	badCap    = " is not a cap; write resource=number without blanks, like contacts=5000, and separate plans by ;"
	badNumber = "; write digits only, from 0 to 1000000000000, or unlimited"
)

// refusedPlans returns settings that are refused, with the reason in the error.
func refusedPlans() map[string]string {
	resources := " cannot be capped, only " + strings.Join(catalog.Resources(), ", ")
	long := strings.Repeat("b", 33)
	return map[string]string{
		"team":                              "team" + badPlan,
		"team contacts=5":                   `"team contacts=5"` + badPlan,
		"team: contacts=5; contacts=6":      "contacts=6" + badPlan,
		"x\n\u202ey":                        `"x\n\u202ey"` + badPlan,
		long + long + long:                  (long + long + long)[:80] + "…" + badPlan,
		": contacts=5":                      `""` + badName,
		"Team: contacts=5":                  "Team" + badName,
		"9x: contacts=5":                    "9x" + badName,
		"-x: contacts=5":                    "-x" + badName,
		"my team: contacts=5":               `"my team"` + badName,
		"té: contacts=5":                    "té" + badName,
		"a\nb: contacts=5":                  `"a\nb"` + badName,
		"contacts=5 team: deals=1":          `"contacts=5 team"` + badName,
		long + ": contacts=5":               long + badName,
		"team:":                             "plan team has no caps; for a plan without limits write team: contacts=unlimited",
		"team: , ;x: deals=1":               "plan team has no caps; for a plan without limits write team: contacts=unlimited",
		"a: deals=1; b: deals=2; a: ,":      "plan a has no caps; for a plan without limits write a: contacts=unlimited",
		"a: deals=1; b: deals=2; a:deals=1": "plan a is defined twice; define it once with all its caps",
		"free: deals=1; free: deals=2":      "plan free is defined twice; define it once with all its caps",
		"a: deals=1 members=1 deals=1":      "plan a caps deals twice; write one number for it",
		"a: deals=unlimited,deals=1":        "plan a caps deals twice; write one number for it",
		"a: contacts":                       "plan a: contacts" + badCap,
		"a: contacts = 5":                   "plan a: contacts" + badCap,
		"a: contacts=5 b: deals=6":          "plan a: b:" + badCap,
		"a: contacts=5,000":                 "plan a: 000" + badCap,
		"a: contacts:5":                     "plan a: contacts:5" + badCap,
		"a: contcts=5":                      "plan a: contcts" + resources + "; did you mean contacts?",
		"a: deal=5":                         "plan a: deal" + resources + "; did you mean deals?",
		"a: Members=5":                      "plan a: Members" + resources + "; did you mean members?",
		"a: passwords=5":                    "plan a: passwords" + resources,
		"a: =5":                             `plan a: ""` + resources,
		"a: contacts=":                      `plan a: contacts cannot be ""` + badNumber,
		"a: contacts=-1":                    "plan a: contacts cannot be -1" + badNumber,
		"a: contacts=+1":                    "plan a: contacts cannot be +1" + badNumber,
		"a: contacts=1_000":                 "plan a: contacts cannot be 1_000" + badNumber,
		"a: contacts=1e3":                   "plan a: contacts cannot be 1e3" + badNumber,
		"a: contacts=0x10":                  "plan a: contacts cannot be 0x10" + badNumber,
		"a: contacts=٣":                     "plan a: contacts cannot be ٣" + badNumber,
		"a: contacts=5=6":                   "plan a: contacts cannot be 5=6" + badNumber,
		"a: contacts=Unlimited":             "plan a: contacts cannot be Unlimited" + badNumber,
		"a: contacts=1000000000001":         "plan a: contacts cannot be 1000000000001" + badNumber,
		"a: contacts=9223372036854775807":   "plan a: contacts cannot be 9223372036854775807" + badNumber,
		"a: contacts=99999999999999999999":  "plan a: contacts cannot be 99999999999999999999" + badNumber,
	}
}

func TestParsePlansRefuses(t *testing.T) {
	for text, want := range refusedPlans() {
		plans, err := catalog.ParsePlans(text)
		if err == nil || err.Error() != want || plans != nil {
			t.Errorf("%q: %q, error %v\nwant %s", text, printed(plans), err, want)
		}
	}
}

// TestPlansRoundTrip prints random plans as a setting, in any order of plans and caps, and checks
// that parsing it returns the same plans.
func TestPlansRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		want := randomPlans(random)
		text := strings.Join(printed(want), "; ")
		got := parsePlans(t, text)
		for _, plan := range want {
			if found, known := got.ByName(plan.Name); !known || !reflect.DeepEqual(found, plan) {
				t.Fatalf("%q gives %q", text, printed(got))
			}
		}
		names := append(catalog.BuiltinPlans().Names(), want.Names()...)
		slices.Sort(names)
		if all := slices.Sorted(slices.Values(got.Names())); !slices.Equal(all, slices.Compact(names)) {
			t.Fatalf("%q gives the plans %q", text, all)
		}
	}
}

// randomPlans returns up to four plans of different names, some of them
// built-in ones, each with one cap at least.
func randomPlans(random *rand.Rand) catalog.Plans {
	names := []string{"standard", "free", "unlimited", "a", "team", "team-2", "big_one", strings.Repeat("z", 32)}
	maxima := []int64{0, 1, 5_000, 1_000_000_000_000, catalog.Unlimited}
	var plans catalog.Plans
	for _, i := range random.Perm(len(names))[:random.IntN(5)] {
		plan := catalog.Plan{Name: names[i]}
		resources := catalog.Resources()
		for _, j := range random.Perm(len(resources))[:1+random.IntN(len(resources))] {
			plan.Caps = append(plan.Caps, catalog.Cap{Resource: resources[j], Max: maxima[random.IntN(len(maxima))]})
		}
		plans = append(plans, plan)
	}
	return plans
}

func FuzzParsePlans(f *testing.F) {
	for _, seed := range []string{
		"", "team: contacts=5000 companies=5000 members=10; big: contacts=1000000", "free: contacts=unlimited,deals=0;", "a:", ":", "a: deals",
		"a: contcts=5", "a: deals=1 deals=2", "a: deals=1; a: deals=2", "Ä: deals=1", "a: deals=1000000000001", "a:\u00a0deals=1\u2028members=2", "\xff: deals=\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plans, err := catalog.ParsePlans(text)
		if err != nil {
			if said := err.Error(); len(said) > 2000 || strings.ContainsFunc(said, norm.IsInvisible) {
				t.Fatalf("%q: the error is not one short line: %q", text, said)
			}
			return
		}
		setting := strings.Join(printed(plans), "; ")
		again, err := catalog.ParsePlans(setting)
		if err != nil || !slices.Equal(printed(again), printed(plans)) {
			t.Fatalf("%q prints as %q, which gives %q, %v", text, setting, printed(again), err)
		}
		for _, name := range plans.Names() {
			if got, want := allCaps(again, name), allCaps(plans, name); !slices.Equal(got, want) {
				t.Fatalf("%q: %s allows %d, read back %d", text, name, want, got)
			}
		}
	})
}

func parsePlans(t *testing.T, text string) catalog.Plans {
	t.Helper()
	plans, err := catalog.ParsePlans(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return plans
}

// printed returns each plan in the form of the setting.
func printed(plans catalog.Plans) []string {
	var list []string
	for _, plan := range plans {
		list = append(list, fmt.Sprint(plan))
	}
	return list
}

// allCaps returns the cap of every resource in a plan.
func allCaps(plans catalog.Plans, name string) []int64 {
	var caps []int64
	for _, resource := range catalog.Resources() {
		caps = append(caps, plans.Cap(name, resource))
	}
	return caps
}
