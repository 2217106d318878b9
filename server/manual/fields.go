package manual

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
)

// fieldsInDepth prints a line for each field, those that all kinds have once.
func (m *Manual) fieldsInDepth() string {
	var b strings.Builder
	kinds := m.opts.Schema.Entities
	b.WriteString("\nevery kind\n")
	for i := range kinds[0].Fields {
		if f := &kinds[0].Fields[i]; m.isCommon(f) {
			b.WriteString(inDepth(kinds[0], f))
		}
	}
	for _, e := range kinds {
		fmt.Fprintf(&b, "\n%s (%s_), %s\n", e.Name, e.Prefix, e.Doc)
		for i := range e.Fields {
			if f := &e.Fields[i]; e.IsView() || !m.isCommon(f) {
				b.WriteString(inDepth(e, f))
			}
		}
	}
	return b.String()
}

// isCommon reports whether all kinds of records of daily work have the field, and those that say what these are like
// have the same one or none.
func (m *Manual) isCommon(f *crm.Field) bool {
	return !slices.ContainsFunc(m.opts.Schema.Entities, func(e *crm.Entity) bool {
		own := e.Field(f.Name)
		return !e.IsView() && (own == nil && !e.IsDefinition() || own != nil && own.Doc != f.Doc)
	})
}

// inDepth returns the line of a field, with r for one that clients cannot write and + for one that lists show.
func inDepth(e *crm.Entity, f *crm.Field) string {
	mark := fieldMarkers(e, f)
	if f.ReadOnly {
		mark += "r"
	}
	if f.InLists {
		mark += "+"
	}
	return fmt.Sprintf("  %-3s %-15s %s: %s\n", mark, f.Name, describe(f), f.Doc)
}
