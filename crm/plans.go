package crm

import "math"

// Unlimited is the cap of what a plan does not bound.
const Unlimited = math.MaxInt64

// Plan caps how many records a workspace may hold.
type Plan struct {
	Name string
	Caps []Cap
}

// Cap bounds one resource, named by its plural.
type Cap struct {
	Resource string
	Max      int64
}

// DefaultPlan is the plan of a new workspace.
const DefaultPlan = "standard"

// Plans are the built-in plans.
var Plans = []Plan{
	{"standard", []Cap{{"contacts", 100_000}, {"companies", 100_000}, {"deals", 100_000}, {"activities", 1_000_000}}},
	{"free", []Cap{{"contacts", 1_000}, {"companies", 1_000}, {"deals", 1_000}, {"activities", 10_000}}},
	{"unlimited", nil},
}

// CapOf returns how many of a resource the named plan allows. An unknown plan
// allows what the default plan does.
func CapOf(plan, resource string) int64 {
	p := &Plans[0]
	for i := range Plans {
		if Plans[i].Name == plan {
			p = &Plans[i]
		}
	}
	for _, c := range p.Caps {
		if c.Resource == resource {
			return c.Max
		}
	}
	return Unlimited
}
