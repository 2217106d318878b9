package catalog

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"crmkit/crm/norm"
)

// Unlimited is the cap of a resource that a plan does not limit.
const Unlimited = math.MaxInt64

// DefaultPlan is the plan of a new workspace.
const DefaultPlan = "standard"

// largestCap is the largest number that a setting may have. It is below Unlimited, and below
// the numbers that a JSON reader rounds (RFC 8259 section 6).
const largestCap = 1_000_000_000_000

// Storage is the resource that is counted in bytes: the UTF-8 length of the texts that a
// workspace stores in records, in the change log, in saved answers of Idempotency-Keys, in ids
// of imports, and in uploads while they are read. Folded columns and indexes are not counted,
// since a user cannot see them or make them smaller.
const Storage = "storage"

// Resources returns the names of the resources that plans cap, in the order of answers: the
// records of a workspace by kind, its members together with its pending invites, the bytes
// that it stores, and the workspaces that one user made. The caller may change the slice.
func Resources() []string {
	var names []string
	for i := range Entities {
		if e := &Entities[i]; e.PlanLimited() {
			names = append(names, e.Plural)
		}
	}
	return append(names, "members", Storage, "workspaces")
}

// Plan limits the resources of a workspace or a user. A resource that it does not name has
// no limit.
type Plan struct {
	Name string
	Caps []Cap
}

// Cap limits one of Resources to Max records, members, workspaces or bytes. Max is Unlimited,
// or at least 0. A cap below the present number deletes nothing; it only stops growth.
type Cap struct {
	Resource string
	Max      int64
}

// String returns the plan as ParsePlans reads it, like "team: contacts=5000 members=10". A
// plan without caps is written with every resource unlimited: ParsePlans requires a cap, and
// one alone would look as if the others were limited.
func (p Plan) String() string {
	caps := p.Caps
	if len(caps) == 0 {
		for _, resource := range Resources() {
			caps = append(caps, Cap{resource, Unlimited})
		}
	}
	b := []byte(p.Name + ":")
	for _, c := range caps {
		b = append(b, ' ')
		b = append(b, c.Resource...)
		b = append(b, '=')
		if c.Max == Unlimited {
			b = append(b, "unlimited"...)
		} else {
			b = strconv.AppendInt(b, c.Max, 10)
		}
	}
	return string(b)
}

// Plans are the plans that a server knows. They do not change after ParsePlans, so any
// number of goroutines may use them.
type Plans []Plan

// BuiltinPlans returns the plans that every server knows. The default plan is the first one.
func BuiltinPlans() Plans {
	return Plans{
		builtin(DefaultPlan, allowance{records: 100_000, members: 100, workspaces: 20, storage: 5 * gigabyte}),
		builtin("free", allowance{records: 1_000, members: 5, workspaces: 3, storage: gigabyte / 10}),
		{"unlimited", nil},
	}
}

const gigabyte = 1_000_000_000

// allowance is what a built-in plan allows.
type allowance struct{ records, members, workspaces, storage int64 }

// builtin returns a plan with the allowance for each kind of record, and ten times as much for
// activities and links, because one contact or campaign has many of them.
func builtin(name string, a allowance) Plan {
	plan := Plan{Name: name}
	for i := range Entities {
		switch e := &Entities[i]; {
		case e.PlanLimited() && (e.Parents.AuthorOwned || e.IsLink()):
			plan.Caps = append(plan.Caps, Cap{e.Plural, 10 * a.records})
		case e.PlanLimited():
			plan.Caps = append(plan.Caps, Cap{e.Plural, a.records})
		}
	}
	return Plan{name, append(plan.Caps, Cap{"members", a.members}, Cap{Storage, a.storage}, Cap{"workspaces", a.workspaces})}
}

// ByName returns the plan with the name, and whether there is one.
func (p Plans) ByName(name string) (Plan, bool) {
	for _, plan := range p {
		if plan.Name == name {
			return plan, true
		}
	}
	return Plan{}, false
}

// Names returns the names of the plans, the built-in ones first.
func (p Plans) Names() []string {
	names := make([]string, len(p))
	for i, plan := range p {
		names[i] = plan.Name
	}
	return names
}

// Cap returns how many of a resource the named plan allows, Unlimited if the plan does not
// limit it. A plan that is unknown, because it was removed from the settings while a workspace
// still has it, has the caps of the default plan.
func (p Plans) Cap(plan, resource string) int64 {
	found, known := p.ByName(plan)
	if !known {
		found = p.fallback()
	}
	for _, c := range found.Caps {
		if c.Resource == resource {
			return c.Max
		}
	}
	return Unlimited
}

// fallback returns the default plan. If these Plans have none, it returns the built-in one, so
// that an unknown plan never means no limits.
func (p Plans) fallback() Plan {
	if plan, known := p.ByName(DefaultPlan); known {
		return plan
	}
	return BuiltinPlans()[0]
}

// ParsePlans returns the built-in plans and those of a setting, like
//
//	team: contacts=5000 companies=5000 members=10; big: contacts=1000000
//
// Semicolons separate plans, blanks or commas separate caps, and empty parts are skipped. A
// cap is a number from 0 to 10^12 or the word unlimited. A plan with the name of a built-in
// one replaces it and inherits none of its caps. An error is one line that says what is
// allowed.
func ParsePlans(text string) (Plans, error) {
	plans := BuiltinPlans()
	var set []string
	for part := range strings.SplitSeq(text, ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		plan, err := parsePlan(part)
		if err != nil {
			return nil, err
		}
		if slices.Contains(set, plan.Name) {
			return nil, fmt.Errorf("plan %s is defined twice; define it once with all its caps", plan.Name)
		}
		set = append(set, plan.Name)
		plans = plans.with(plan)
	}
	return plans, nil
}

// with replaces the plan that has the same name, or appends the plan.
func (p Plans) with(plan Plan) Plans {
	for i := range p {
		if p[i].Name == plan.Name {
			p[i] = plan
			return p
		}
	}
	return append(p, plan)
}

func parsePlan(text string) (Plan, error) {
	name, rest, found := strings.Cut(text, ":")
	name = strings.TrimSpace(name)
	caps := strings.FieldsFunc(rest, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	switch {
	case !found:
		return Plan{}, fmt.Errorf("%s is not a plan; write a name, a colon and caps, like team: contacts=5000 members=10", norm.Quote(text))
	case !isPlanName(name):
		return Plan{}, fmt.Errorf("%s is not a plan name; use 1 to 32 of the characters a-z, 0-9, - and _, beginning with a letter", norm.Quote(name))
	case len(caps) == 0:
		return Plan{}, fmt.Errorf("plan %s has no caps; for a plan without limits write %s: contacts=unlimited", name, name)
	}
	plan := Plan{Name: name}
	for _, word := range caps {
		c, err := parseCap(word)
		if err != nil {
			return Plan{}, fmt.Errorf("plan %s: %w", name, err)
		}
		if slices.ContainsFunc(plan.Caps, func(other Cap) bool { return other.Resource == c.Resource }) {
			return Plan{}, fmt.Errorf("plan %s caps %s twice; write one number for it", name, c.Resource)
		}
		plan.Caps = append(plan.Caps, c)
	}
	return plan, nil
}

// isPlanName reports whether a text can name a plan. The characters are those that need no
// quotes in a shell, in a setting and in a line of an answer.
func isPlanName(s string) bool {
	return s != "" && len(s) <= 32 && s[0] >= 'a' && s[0] <= 'z' &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// parseCap parses resource=number. For an unknown resource it suggests the nearest one.
func parseCap(text string) (Cap, error) {
	resource, number, found := strings.Cut(text, "=")
	if !found {
		return Cap{}, fmt.Errorf("%s is not a cap; write resource=number without blanks, like contacts=5000, and separate plans by ;", norm.Quote(text))
	}
	if names := Resources(); !slices.Contains(names, resource) {
		hint := ""
		if near := norm.Nearest(resource, names); near != "" {
			hint = "; did you mean " + near + "?"
		}
		return Cap{}, fmt.Errorf("%s cannot be capped, only %s%s", norm.Quote(resource), strings.Join(names, ", "), hint)
	}
	if number == "unlimited" {
		return Cap{resource, Unlimited}, nil
	}
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || n > largestCap {
		return Cap{}, fmt.Errorf("%s cannot be %s; write digits only, from 0 to %d, or unlimited", resource, norm.Quote(number), largestCap)
	}
	return Cap{resource, int64(n)}, nil
}
