package pipeline

import (
	"slices"
	"strings"

	"crmkit/crm/norm"
)

// The limits of what a workspace defines.
const (
	MaxPipelines = 20
	MaxStages    = 50 // of a pipeline
)

// The outcomes that a stage can have.
const (
	Won  = "won"
	Lost = "lost"
)

// Outcomes returns the outcomes.
func Outcomes() []string { return []string{Won, Lost} }

// Stage is one step of a pipeline.
type Stage struct {
	Key         int64 // of its record
	Name        string
	Place       int64    // stages are in the order of their places
	Probability *int64   // percent; nil: not known
	StaleAfter  int64    // milliseconds; 0: records in it never become stale
	Is          string   // the outcome of the records in it; empty: they are open
	Was         []string // names that it had before; they still mean it
}

// Pipeline is the stages of one kind of records, in their order.
type Pipeline struct {
	Key     int64 // of its record
	Kind    string
	Name    string
	Default bool // of the records that name no pipeline
	Stages  []Stage
}

// Flow is what a workspace has defined. Callers must not change it.
type Flow struct{ Pipelines []Pipeline }

// Has reports whether records of a kind have pipelines.
func (f *Flow) Has(kind string) bool {
	return f != nil && slices.ContainsFunc(f.Pipelines, func(p Pipeline) bool { return p.Kind == kind })
}

// Of returns the pipeline of records of a kind with a name, the default for an empty one; nil if
// there is no such pipeline.
func (f *Flow) Of(kind, name string) *Pipeline {
	if f == nil {
		return nil
	}
	fold := norm.Fold(name)
	var first *Pipeline // is the default if no other is
	for i := range f.Pipelines {
		p := &f.Pipelines[i]
		switch {
		case p.Kind != kind:
		case name == "" && p.Default || name != "" && norm.Fold(p.Name) == fold:
			return p
		case first == nil && name == "":
			first = p
		}
	}
	return first
}

// Names returns the names of the pipelines of a kind, in the order of the alphabet.
func (f *Flow) Names(kind string) (names []string) {
	if f == nil {
		return nil
	}
	for _, p := range f.Pipelines {
		if p.Kind == kind {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return names
}

// StageOf returns the stage in which a record is, by its two words; nil if it has none, or one that
// its pipeline does not have.
func (f *Flow) StageOf(kind, pipeline, stage string) *Stage {
	return f.Of(kind, pipeline).named(stage)
}

// PlaceOf returns the place of a stage among all of a kind: those of the default pipeline are first, then those of the
// others by their names, and last those that no pipeline has.
func (f *Flow) PlaceOf(kind, stage string) int64 {
	first := f.Of(kind, "")
	if s := first.named(stage); s != nil {
		return s.Place
	}
	names := f.Names(kind)
	for i, name := range names {
		if s := f.Of(kind, name).named(stage); s != nil {
			return int64(i+1)*(MaxStages+1) + s.Place
		}
	}
	return int64(len(names)+1) * (MaxStages + 1)
}

// Find returns the stage that a word means, or nil: the one with that name, in any case and with or
// without accents; the one with that outcome; or the one that had that name before.
func (p *Pipeline) Find(word string) *Stage {
	if p == nil {
		return nil
	}
	if s := p.named(word); s != nil {
		return s
	}
	fold := norm.Fold(word)
	named := func(name string) bool { return norm.Fold(name) == fold }
	if outcomes := Outcomes(); Means(word, outcomes) >= 0 {
		is := outcomes[Means(word, outcomes)]
		if i := slices.IndexFunc(p.Stages, func(s Stage) bool { return s.Is == is }); i >= 0 {
			return &p.Stages[i]
		}
	}
	if i := slices.IndexFunc(p.Stages, func(s Stage) bool { return slices.ContainsFunc(s.Was, named) }); i >= 0 {
		return &p.Stages[i]
	}
	return nil
}

// Meant returns the names of the stages of a kind that a word means where no pipeline is named, as in a filter: those of
// that name in any spelling. If there are none, or the word is one of the outcomes, they are the stages that pipelines
// take it for, and other is true if one has another name.
func (f *Flow) Meant(kind, word string) (names []string, other bool) {
	if f == nil {
		return nil, false
	}
	var meant []string
	for i := range f.Pipelines {
		p := &f.Pipelines[i]
		if p.Kind != kind {
			continue
		}
		if s := p.named(word); s != nil && !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
		if s := p.Find(word); s != nil && !slices.Contains(meant, s.Name) {
			meant = append(meant, s.Name)
		}
	}
	if len(names) > 0 && !slices.Contains(Outcomes(), norm.Fold(word)) {
		return names, false
	}
	return meant, len(meant) > len(names)
}

// named returns the stage with a name, in any case and with or without accents, or nil.
func (p *Pipeline) named(word string) *Stage {
	if p == nil || word == "" {
		return nil
	}
	fold := norm.Fold(word)
	if i := slices.IndexFunc(p.Stages, func(s Stage) bool { return norm.Fold(s.Name) == fold }); i >= 0 {
		return &p.Stages[i]
	}
	return nil
}

// StageNames returns the names of the stages in their order.
func (p *Pipeline) StageNames() []string {
	names := make([]string, len(p.Stages))
	for i, s := range p.Stages {
		names[i] = s.Name
	}
	return names
}

// Nearest returns the name of the stage that is most like a word, or "" if none is near.
func (p *Pipeline) Nearest(word string) string {
	names, folds := p.StageNames(), make([]string, len(p.Stages))
	for i, name := range names {
		folds[i] = norm.Fold(name)
	}
	fold := norm.Fold(word)
	near := norm.Nearest(fold, folds)
	if near == "" { // part of the words of a name, as qualified of Qualified lead
		for i := range folds {
			if len(fold) >= 3 && (strings.Contains(folds[i], fold) || strings.Contains(fold, folds[i])) {
				return names[i]
			}
		}
		return ""
	}
	return names[slices.Index(folds, near)]
}

// Same reports whether two words mean one stage of the pipeline. Words that mean none are the same
// if they are equal.
func (p *Pipeline) Same(a, b string) bool {
	first, second := p.Find(a), p.Find(b)
	return a == b || first != nil && first == second
}

// Stale reports whether a record that is in the stage since a time is there for too long; known is
// false if the stage does not say how long that is, or the time is not known.
func (s *Stage) Stale(since, now int64) (stale, known bool) {
	if s == nil || s.StaleAfter == 0 || since == 0 {
		return false, false
	}
	return now-since > s.StaleAfter, true
}

// Weighted returns an amount times the probability of the stage, rounded half to even; ok is false
// if the stage has none.
func (s *Stage) Weighted(cents int64) (weighted int64, ok bool) {
	if s == nil || s.Probability == nil {
		return 0, false
	}
	// The product of the parts cannot overflow: the first is a multiple of the whole.
	weighted, rest := cents/100**s.Probability, cents%100**s.Probability
	weighted, rest = weighted+rest/100, rest%100
	if size := max(rest, -rest); size > 50 || size == 50 && weighted%2 != 0 {
		weighted += rest / size
	}
	return weighted, true
}

// day is a day in milliseconds.
const day = 24 * 60 * 60 * 1000

// Days returns how many whole days have passed since a time; a time that is still to come is today.
func Days(since, now int64) int64 { return max(0, now-since) / day }
