package fieldtype

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Currency is an alphabetic code of ISO 4217, such as EUR.
//
// It accepts the codes in use and those withdrawn ones that old deals still have (see
// norm.IsCurrency), in either case, and stores capitals. It is compared as text. Any other
// three letters are refused: their number of decimals would be a guess.
var Currency crm.Type = currencyType{}

type currencyType struct{ base }

func (currencyType) String() string { return "currency" }

func (currencyType) Comparison() crm.Comparison {
	how := base{}.Comparison()
	how.Capitals = true
	return how
}

// Parse stores capitals, so that one currency has one form in filters and totals.
func (currencyType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	if code := strings.ToUpper(text); norm.IsCurrency(code) {
		return crm.Str(code), nil
	}
	return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s is not an ISO 4217 currency code; send one like USD or EUR.", norm.Quote(text)).On(f.Name)
}
