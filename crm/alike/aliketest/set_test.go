package aliketest

import (
	"reflect"
	"testing"

	"crmkit/crm/norm"
)

// TestGenerate checks that a set is what its document says.
func TestGenerate(t *testing.T) {
	const people = 20_000
	set := Generate(1, people)
	if len(set.People) != people+people/10 || len(set.Doubles) != people/10 || len(set.Different) != people/50 {
		t.Fatalf("%d people, %d doubles, %d pairs of different ones", len(set.People), len(set.Doubles), len(set.Different))
	}
	share := map[Kind]int{}
	for _, d := range set.Doubles {
		share[d.Kind]++
	}
	want := map[Kind]int{Letters: 800, SecondAddress: 400, Moved: 300, PhoneOnly: 200, NameParts: 200, Nickname: 100}
	if !reflect.DeepEqual(share, want) {
		t.Errorf("the doubles are %v, want %v", share, want)
	}
	for _, d := range set.Different {
		a, b := set.People[d.A], set.People[d.B]
		if a.Company != b.Company || d.Kind == SharedName && a.Name != b.Name || d.Kind == SharedPhone && (a.Phone == "" || a.Name == b.Name) {
			t.Errorf("%+v and %+v are no pair by %s", a, b, d.Kind)
		}
	}
	seen := map[string]bool{}
	for i, p := range set.People {
		if p.Email != "" && (seen[p.Email] || norm.Fold(p.Email) != p.Email) {
			t.Fatalf("person %d has the address %q of another, or in no normal form", i, p.Email)
		}
		seen[p.Email] = true
		if p.Name == "" {
			t.Fatalf("person %d has no name", i)
		}
	}
	if !reflect.DeepEqual(set, Generate(1, people)) {
		t.Error("the same seed makes another set")
	}
	if reflect.DeepEqual(set.People, Generate(2, people).People) {
		t.Error("another seed makes the same set")
	}
}
