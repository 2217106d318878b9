package pipeline

import (
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
)

// part are records of one stage, or of some that become it, that get the same values.
type part struct {
	names  []string // of the stages in which they are
	status string   // that they get, since the outcome of their stage is another one; empty: they keep theirs
}

// partsOf returns the records that go into a stage, of stages with the names renamed, or stay in it with another outcome.
func (w *writing) partsOf(s *pipeline.Stage, renamed []string) (parts []part) {
	before, byStatus := &pipeline.Pipeline{Stages: w.was}, map[string]int{}
	add := func(name, status string) {
		at, known := byStatus[status]
		if !known {
			at, byStatus[status] = len(parts), len(parts)
			parts = append(parts, part{status: status})
		}
		parts[at].names = append(parts[at].names, name)
	}
	for _, name := range renamed {
		add(name, w.statusAfter(before.Find(name), s))
	}
	if old := before.Find(s.Name); old != nil && norm.Fold(old.Name) == norm.Fold(s.Name) {
		if status := w.statusAfter(old, s); status != "" {
			add(old.Name, status)
		}
	}
	return parts
}

// statusAfter returns the status of a record whose stage was one and is another now; empty: it stays as it is. old is nil
// for a word that no stage had.
func (w *writing) statusAfter(old, now *pipeline.Stage) string {
	was := ""
	if old != nil {
		was = old.Is
	}
	status := w.status()
	switch {
	case status == nil || was == now.Is:
		return ""
	case now.Is == "":
		return status.Default
	}
	return now.Is
}

// status returns the field that follows from the outcome of a stage, nil if records of the kind have none.
func (w *writing) status() *crm.Field {
	for i := range w.of.Fields {
		f := &w.of.Fields[i]
		if t := f.Transition(); t != nil && t.Of == crm.FieldStage && f.Type.Kind() != crm.TimeKind {
			return f
		}
	}
	return nil
}
