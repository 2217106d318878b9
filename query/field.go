package query

import "crmkit/crm"

// The questions of the compiler about a field. It branches on how a type is compared and not
// on which type it is, so that a new type needs no change here.

// isKey reports whether the field is the id of the record, whose order is that of keys.
func isKey(f *crm.Field) bool {
	return f.IsIdentity() && f.Type.Comparison().Ordered
}

// isLabels reports whether the field holds several labels, such as tags.
func isLabels(f *crm.Field) bool { return f.Type.Comparison().By == crm.ByLabel }

// isPhone reports whether the field is compared by its digits.
func isPhone(f *crm.Field) bool {
	how := f.Type.Comparison()
	return how.By == crm.ByDigits && !how.Items
}

// isFreeText reports whether people write the text of the field freely.
func isFreeText(f *crm.Field) bool {
	how := f.Type.Comparison()
	return how.By == crm.ByText && how.Folded && !how.Items
}

// isQuantity reports whether the field holds numbers or times, for which a hint shows a range.
func isQuantity(f *crm.Field) bool {
	by := f.Type.Comparison().By
	return by == crm.ByNumber || by == crm.ByTime
}
