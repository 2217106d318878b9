package query

import (
	"strings"

	"crmkit/crm"
)

// A list walks the index of its order and tests row after row, which is best where many
// rows pass. Where few do, their keys are better read from an index of the condition.
// Question.Few has the SQL of such keys; package store decides by how many there are.

// list notes the keys that a positive condition lets through, if each of its
// comparisons has noted its own in c.keys.
func (c *compiler) list(t target, op string, comparisons int) {
	plain := t.field.Type == crm.Ref && t.beside == nil && comparisons == 1 // the planner finds its index
	switch {
	case op != "eq" && op != "in" || len(c.keys) != comparisons || plain:
	case t.field.Type == crm.Tags && op == "eq":
		c.few = append(c.few, c.keys...) // each must hold
	default:
		c.few = append(c.few, strings.Join(c.keys, " UNION ALL "))
	}
}

// labelKeys notes the keys of the records with a label.
func (c *compiler) labelKeys(t target, is string) {
	if len(t.hops) == 0 {
		c.keys = append(c.keys, "SELECT g.record FROM tags g WHERE g.workspace_id = $1 AND g.kind = '"+t.entity.Side(t.field)+"' AND "+is)
	}
}

// referenceKeys notes the keys of the records with a reference, or a link, to one.
func (c *compiler) referenceKeys(t target, columns []string, is string) {
	switch {
	case len(t.hops) == 0 && t.field.Type == crm.Ref:
		var parts []string
		for _, column := range columns {
			parts = append(parts, "SELECT t.key FROM "+t.entity.From()+" t WHERE +t.workspace_id = $1 AND "+column+is)
		}
		c.keys = append(c.keys, strings.Join(parts, " UNION ALL "))
	case len(t.hops) == 1 && t.hops[0].link != nil && t.field.Type == crm.ID:
		l := t.hops[0].link
		by, to := l.Between.Field(l.By).Col(), l.Between.Field(l.To).Col()
		c.keys = append(c.keys, "SELECT l."+by+" FROM "+l.Between.From()+" l WHERE l.workspace_id = $1 AND l."+by+" IS NOT NULL AND l."+to+is)
	}
}
