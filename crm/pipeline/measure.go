package pipeline

import "slices"

// Stay is a visit of a stage by a record, with what became of the record.
type Stay struct {
	Record  int64
	Entered int64  // unix milliseconds
	Left    int64  // 0: it is still there
	Is      string // the outcome of the stage in which the record is now; empty: it is open
}

// Enough is how many cases a measure needs. Of fewer a share or a median says nothing.
const Enough = 20

// Measured is what the stays in a stage say of it.
type Measured struct {
	Entered int   // stays
	Moved   int   // those that ended
	Median  int64 // of the whole days that these took
	Won     int   // records that were in the stage and are won by now
	Decided int   // those that are won or lost
}

// Measure returns what stays say.
func Measure(stays []Stay) (m Measured) {
	var days []int64
	seen := map[int64]bool{}
	for _, s := range stays {
		m.Entered++
		if s.Left != 0 {
			m.Moved++
			days = append(days, Days(s.Entered, s.Left))
		}
		if seen[s.Record] || s.Is == "" {
			continue
		}
		seen[s.Record] = true
		m.Decided++
		if s.Is == Won {
			m.Won++
		}
	}
	if slices.Sort(days); len(days) > 0 {
		m.Median = days[(len(days)-1)/2]
	}
	return m
}

// HasMedian reports whether enough stays ended.
func (m Measured) HasMedian() bool { return m.Moved >= Enough }

// WonShare returns the share of the decided records that are won, in percent, rounded half up; ok is
// false if too few are decided.
func (m Measured) WonShare() (percent int64, ok bool) {
	if m.Decided < Enough {
		return 0, false
	}
	return int64((200*m.Won + m.Decided) / (2 * m.Decided)), true
}

// Merge returns the stages that a pipeline gets, with the former names that its stages had: a stage
// keeps them, and gets those of the stages that become it. Renamed has the names that go, by the new
// ones. A name that the pipeline does not have names the word that records have, as those from before
// the pipeline do.
func Merge(old, sent []Stage) (stages []Stage, renamed map[string][]string) {
	renamed = map[string][]string{}
	now, before := &Pipeline{Stages: sent}, &Pipeline{Stages: old}
	for _, s := range sent {
		was := slices.Clone(s.Was)
		for _, name := range s.Was {
			if from := before.named(name); from != nil {
				name = from.Name
				was = append(was, from.Was...)
			}
			renamed[s.Name] = append(renamed[s.Name], name)
		}
		if from := before.named(s.Name); from != nil {
			was = append(was, from.Was...)
		}
		s.Was = nil
		for _, name := range was {
			if now.named(name) == nil && !slices.Contains(s.Was, name) {
				s.Was = append(s.Was, name)
			}
		}
		s.Was = s.Was[:min(len(s.Was), maxWas)]
		stages = append(stages, s)
	}
	return stages, renamed
}
