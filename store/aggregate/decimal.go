package aggregate

import (
	"fmt"
	"strings"

	"crmkit/crm/norm"
)

// Values under own keys are JSON numbers of any size. The column number of custom_values has them as
// norm.NumberKey makes them: a prefix that says the sign and where the point is, then the digits. From this form SQL
// makes whole numbers of millionths, which both engines add exactly.

// tooFine is what a number becomes that is no whole number of millionths, or one of more than 18 digits.
const tooFine = 9_000_000_000_000_000_000

// The exponents of numbers that become millionths: 0.00000d to 12 digits before the point.
const (
	leastExponent = -5
	mostExponent  = 12
)

// millionths returns the SQL of the millionths of a number in a column; NULL where the column is.
func millionths(column string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CASE WHEN %s IS NULL THEN NULL WHEN %s = '_' THEN 0", column, column)
	for e := mostExponent; e >= leastExponent; e-- {
		width := e + 6
		number := fmt.Sprintf("1e%d", e-1) // which is 0.1 times 10 to the e
		positive, _ := norm.NumberKey(number)
		negative, _ := norm.NumberKey("-" + number)
		positive, negative = strings.TrimSuffix(positive, "1"), strings.TrimSuffix(negative, "8~")
		p, n := len(positive), len(negative)
		fmt.Fprintf(&b, " WHEN SUBSTR(%[1]s, 1, %[2]d) = '%[3]s' AND LENGTH(%[1]s) <= %[4]d THEN CAST(SUBSTR(SUBSTR(%[1]s, %[5]d) || '%[6]s', 1, %[7]d) AS BIGINT)",
			column, p, positive, p+width, p+1, strings.Repeat("0", width), width)
		// The digits of a negative number are those that 9 lacks, and a mark follows them.
		fmt.Fprintf(&b, " WHEN SUBSTR(%[1]s, 1, %[2]d) = '%[3]s' AND LENGTH(%[1]s) <= %[4]d THEN CAST(SUBSTR(SUBSTR(%[1]s, %[5]d, LENGTH(%[1]s) - %[8]d) || '%[6]s', 1, %[7]d) AS BIGINT) - %[6]s",
			column, n, negative, n+width+1, n+1, strings.Repeat("9", width), width, n+1)
	}
	return b.String() + fmt.Sprintf(" ELSE %d END", int64(tooFine))
}
