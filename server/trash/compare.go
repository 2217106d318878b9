package trash

import (
	"encoding/csv"
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store/changelog"
)

// condition is a filter as it was written.
type condition struct{ name, op, operand string }

// splitOp splits "like:acme" into operator and operand. A value without an operator is equal.
func splitOp(value string) (op, operand string) {
	word, rest, found := strings.Cut(value, ":")
	if found && slices.ContainsFunc(query.Ops, func(op query.Op) bool { return op.Name == word }) {
		return word, rest
	}
	return "eq", value
}

// filterText adds a test of texts: that one of them is the operand, or contains it.
func (q *question) filterText(c condition, of func(changelog.Deletion, crm.Record) []string, normal func(string) (string, *crm.Error)) *crm.Error {
	operands := []string{c.operand}
	switch c.op {
	case "eq", "ne", "like":
	case "in":
		var err error
		if operands, err = csv.NewReader(strings.NewReader(c.operand)).Read(); err != nil || len(operands) > crm.MaxItems {
			return crm.Errorf(crm.InvalidValue, "%s: write at most %d values with commas between them, and in double quotes those that hold commas.", norm.Quote(c.name), crm.MaxItems).On(c.name)
		}
	case "is", "not":
		if c.operand != "null" {
			return crm.Errorf(crm.InvalidValue, "%s: write is:null or not:null.", norm.Quote(c.name)).On(c.name)
		}
		set := c.op == "not"
		q.tests = append(q.tests, func(d changelog.Deletion, rec crm.Record) bool {
			return set == slices.ContainsFunc(of(d, rec), func(text string) bool { return text != "" })
		})
		return nil
	default:
		return crm.Errorf(crm.InvalidOp, "%s: of deleted records takes eq ne in like is:null not:null, not %s.", norm.Quote(c.name), c.op).On(c.name)
	}
	for i, text := range operands {
		if c.op == "like" {
			break
		}
		text, fault := normal(text)
		if fault != nil {
			return fault
		}
		operands[i] = norm.Plain(text)
	}
	part := norm.Fold(c.operand)
	q.tests = append(q.tests, func(d changelog.Deletion, rec crm.Record) bool {
		found := slices.ContainsFunc(of(d, rec), func(text string) bool {
			if c.op == "like" {
				return strings.Contains(norm.Fold(text), part)
			}
			return slices.Contains(operands, norm.Plain(text))
		})
		return found == (c.op != "ne")
	})
	return nil
}

// filterTime narrows the time in which the records were deleted. An operand means the whole day, minute or second
// that was written.
func (q *question) filterTime(op, operand string) *crm.Error {
	span, ok := norm.Clock{Now: q.rq.Env.Now, Zone: q.rq.Env.Zone}.Parse(operand)
	if !ok {
		return crm.Errorf(crm.InvalidValue, "%s is not a time for deleted_at; write a date like 2026-06-10, a time, or -7d.", norm.Quote(operand)).On(deletedAt)
	}
	from, until := int64(0), int64(0)
	switch op {
	case "eq":
		from, until = span.From, span.Until
	case "gt":
		from = span.Until
	case "gte":
		from = span.From
	case "lt":
		until = span.From
	case "lte":
		until = span.Until
	default:
		return crm.Errorf(crm.InvalidOp, "deleted_at takes eq gt gte lt lte, not %s.", op).On(deletedAt)
	}
	q.ask.From = max(q.ask.From, from)
	if until != 0 && (q.ask.Until == 0 || until < q.ask.Until) {
		q.ask.Until = until
	}
	return nil
}

// since has the question leave out what is not in the trash any more.
func (q *question) since(t time.Time) {
	if !t.IsZero() {
		q.ask.From = max(q.ask.From, t.UnixMilli())
	}
}
