package query

import "crmkit/crm"

// What the compiler asks of a field. It knows how the type is compared, not which it is.

// isKey reports whether the field is the id of the record, whose order is that of keys.
func isKey(f *crm.Field) bool {
	return f.IsIdentity() && f.Type.Comparison().Ordered
}

func isObject(f *crm.Field) bool { return f.Type.Comparison().By == crm.ByMember }

func isLabels(f *crm.Field) bool { return f.Type.Comparison().By == crm.ByLabel }

func isPhone(f *crm.Field) bool { return f.Type.Comparison().By == crm.ByDigits }

// isFreeText reports whether the field holds text in any form.
func isFreeText(f *crm.Field) bool {
	how := f.Type.Comparison()
	return how.By == crm.ByText && how.Folded
}

// isQuantity reports whether the field holds numbers or times, of which ranges are asked
// for.
func isQuantity(f *crm.Field) bool {
	by := f.Type.Comparison().By
	return by == crm.ByNumber || by == crm.ByTime
}
