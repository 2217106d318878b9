package pipeline

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// sales is a pipeline with an outcome of each sort and a stage that had another name.
func sales() *Flow {
	ten := int64(10)
	return &Flow{[]Pipeline{
		{Kind: "deal", Name: "Sales", Default: true, Stages: []Stage{
			{Name: "Lead", Probability: &ten, StaleAfter: 14 * day, Was: []string{"Enquiry"}},
			{Name: "Qualified lead", Place: 1},
			{Name: "Signed", Place: 2, Is: Won},
			{Name: "Given up", Place: 3, Is: Lost},
		}},
		{Kind: "deal", Name: "Renewals", Stages: []Stage{{Name: "Due"}}},
		{Kind: "contact", Name: "Sales", Stages: []Stage{{Name: "New"}}},
	}}
}

func TestFind(t *testing.T) {
	p := sales().Of("deal", "")
	for word, want := range map[string]string{
		"lead": "Lead", "LEAD": "Lead", "won": "Signed", "Closed Won": "Signed", "gewonnen": "Signed", "signed": "Signed",
		"lost": "Given up", "closed (lost)": "Given up", "enquiry": "Lead", "qualified lead": "Qualified lead", "other": "", "": "",
	} {
		got := ""
		if s := p.Find(word); s != nil {
			got = s.Name
		}
		if got != want {
			t.Errorf("%q is the stage %q, want %q", word, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	p := sales().Of("deal", "sales")
	for word, want := range map[string]string{"laed": "Lead", "leads": "Lead", "Qualified": "Qualified lead", "sined": "Signed", "zzz": "", "qualifid lead": "Qualified lead"} {
		if got := p.Nearest(word); got != want {
			t.Errorf("near %q is %q, want %q", word, got, want)
		}
	}
}

func TestOf(t *testing.T) {
	f := sales()
	for _, c := range []struct{ kind, name, want string }{
		{"deal", "", "Sales"}, {"deal", "RENEWALS", "Renewals"}, {"deal", "none", ""}, {"contact", "sales", "Sales"}, {"contact", "", "Sales"}, {"ticket", "", ""},
	} {
		got := ""
		if p := f.Of(c.kind, c.name); p != nil {
			got = p.Name
		}
		if got != c.want {
			t.Errorf("the pipeline %q of %s is %q, want %q", c.name, c.kind, got, c.want)
		}
	}
	if none := (*Flow)(nil); none.Has("deal") || none.Of("deal", "") != nil || none.Of("deal", "").Find("won") != nil {
		t.Error("a workspace without pipelines has one")
	}
}

// TestWeighted compares the weighted amount with exact arithmetic.
func TestWeighted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		cents, percent := random.Int64N(1<<53)-1<<52, random.Int64N(101)
		if random.IntN(2) == 0 {
			cents = random.Int64N(2000) - 1000
		}
		got, ok := (&Stage{Probability: &percent}).Weighted(cents)
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(cents), big.NewInt(percent)), big.NewInt(100))
		diff := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(got))
		half := new(big.Rat).Abs(diff).Cmp(big.NewRat(1, 2))
		if !ok || half > 0 || half == 0 && got%2 != 0 {
			t.Fatalf("%d %% of %d is %s, got %d", percent, cents, exact, got)
		}
	}
	if _, ok := (&Stage{}).Weighted(5); ok {
		t.Error("a stage without a probability weighs something")
	}
}

// TestFollow makes the visits of records from random moves and checks what every list of visits keeps:
// the times rise, each ends where the next begins or before, and the last one is the state of the record.
func TestFollow(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 1))
		var visits []Visit
		var at State
		for now := int64(1000); now < 1040; now++ {
			to := State{Pipeline: "p", Stage: []string{"", "a", "b", "c"}[random.IntN(4)]}
			switch {
			case to.Stage == "":
				to.Pipeline = ""
			case random.IntN(3) == 0:
				to.Since = 1000 + random.Int64N(now-999)
			case to.Stage == at.Stage:
				to.Since = at.Since
			default:
				to.Since = now
			}
			visits = Move{From: at, To: to, Now: now, By: "ann"}.Follow(visits)
			at = to
			checkVisits(t, seed, visits, at)
		}
	}
}

// checkVisits checks a list of visits of a record that is in a state.
func checkVisits(t *testing.T, seed uint64, visits []Visit, at State) {
	t.Helper()
	for i, v := range visits[:max(0, len(visits)-1)] {
		if next := visits[i+1]; v.Entered > next.Entered || v.Left == 0 || v.Left > next.Entered {
			t.Fatalf("seed %d: %+v is followed by %+v", seed, v, next)
		}
	}
	open := slices.IndexFunc(visits, func(v Visit) bool { return v.Left == 0 })
	if at.Stage == "" && open >= 0 || at.Stage != "" && (open != len(visits)-1 || visits[open].Stage != at.Stage || visits[open].Entered != at.Since) {
		t.Fatalf("seed %d: a record in %+v has the visits %+v", seed, at, visits)
	}
}

// TestUndoneMove checks that a move and its undo leave the visits as they were.
func TestUndoneMove(t *testing.T) {
	a, b := State{"p", "a", 1000}, State{"p", "b", 2000}
	visits := Move{To: a, Now: 1000, By: "ann"}.Follow(nil)
	moved := Move{From: a, To: b, Now: 2000, By: "ann"}.Follow(visits)
	if back := (Move{From: b, To: a, Now: 3000, By: "ann"}).Follow(moved); len(moved) != 2 || !slices.Equal(back, visits) {
		t.Errorf("%+v, moved %+v, and back %+v", visits, moved, back)
	}
	if again := (Move{To: b, Now: 4000, By: "ann"}).Follow(moved); !slices.Equal(again, moved) {
		t.Errorf("a record that comes back has the visits %+v, want %+v", again, moved)
	}
	if renamed := (Move{From: b, To: State{"p", "c", 2000}, Renamed: true, Now: 5000, By: "ann"}).Follow(moved); len(renamed) != 2 || renamed[1].Stage != "c" || renamed[0] != moved[0] {
		t.Errorf("a renamed stage makes the visits %+v", renamed)
	}
}

// TestCorrectedMove checks what a visit keeps that gets another time or name: who made it, and the time without a stage
// before it.
func TestCorrectedMove(t *testing.T) {
	visits := []Visit{{"p", "a", 1000, 2000, "ann"}, {"p", "b", 3000, 0, "ann"}}
	from := State{"p", "b", 3000}
	for to, want := range map[State]Visit{{"p", "b", 2500}: {"p", "a", 1000, 2000, "ann"}, {"p", "b", 3500}: {"p", "a", 1000, 2000, "ann"}, {"p", "b", 1500}: {"p", "a", 1000, 1500, "ann"}} {
		got := Move{From: from, To: to, Now: 4000, By: "bob"}.Follow(visits)
		if is := (Visit{"p", "b", to.Since, 0, "ann"}); !slices.Equal(got, []Visit{want, is}) {
			t.Errorf("%+v makes the visits %+v, want %+v and %+v", to, got, want, is)
		}
	}
	visits[0].Left = 3000
	if got := (Move{From: from, To: State{"p", "b", 3500}, Now: 4000, By: "bob"}).Follow(visits); got[0].Left != 3500 {
		t.Errorf("a later time leaves a gap: %+v", got)
	}
}

// TestMovesBack checks that a move back into a visit drops what came after it: moves within one second, and a visit
// of which it is not known when it began. A time that becomes unknown drops nothing.
func TestMovesBack(t *testing.T) {
	a, b, c := State{"p", "a", 1000}, State{"p", "b", 1000}, State{"p", "c", 1000}
	visits := Move{From: a, To: b, Now: 1000, By: "ann"}.Follow(Move{To: a, Now: 1000, By: "ann"}.Follow(nil))
	moved := Move{From: b, To: c, Now: 1000, By: "ann"}.Follow(visits)
	if back := (Move{From: c, To: b, Now: 1500, By: "bob"}).Follow(moved); len(moved) != 3 || !slices.Equal(back, visits) {
		t.Errorf("%+v, moved %+v, and back %+v", visits, moved, back)
	}
	unknown, later := State{"p", "a", 0}, State{"p", "b", 2000}
	first := []Visit{{"p", "a", 0, 0, "ann"}}
	moved = Move{From: unknown, To: later, Now: 2000, By: "bob"}.Follow(first)
	if back := (Move{From: later, To: unknown, Now: 3000, By: "bob"}).Follow(moved); len(moved) != 2 || !slices.Equal(back, first) {
		t.Errorf("%+v, moved %+v, and back %+v", first, moved, back)
	}
	again := Move{From: later, To: State{"p", "a", 3000}, Now: 3000, By: "bob"}.Follow(moved)
	want := []Visit{{"p", "a", 0, 2000, "ann"}, {"p", "b", 2000, 3000, "bob"}, {"p", "a", 0, 0, "bob"}}
	if got := (Move{From: State{"p", "a", 3000}, To: unknown, Now: 4000, By: "bob"}).Follow(again); !slices.Equal(got, want) {
		t.Errorf("a time that is not known makes the visits %+v, want %+v", got, want)
	}
}
