package fieldtype

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Currency is an ISO 4217 code.
var Currency crm.Type = currencyType{}

type currencyType struct{ base }

func (currencyType) String() string { return "currency" }

// Parse takes either case and stores capitals, so that one currency has one form in filters
// and totals.
func (currencyType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	if code := strings.ToUpper(text); norm.IsCurrency(code) {
		return crm.Str(code), nil
	}
	return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s is not an ISO 4217 currency code; send one like USD or EUR.", norm.Quote(text)).On(f.Name)
}
