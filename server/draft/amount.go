package draft

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// decodeAmount reads an amount with its currency, like "12.50 EUR". A bare number is
// refused, because it could mean euros or cents; the hint shows both ways to write it.
func decodeAmount(f *crm.Field, json string) (crm.Input, *crm.Error) {
	text, isText := norm.Unquote(json)
	n, currency, wrong := norm.ParseAmount(text)
	if isText && wrong == "" {
		return crm.Input{Field: f, Value: crm.Amount(n, currency)}, nil
	}
	if !isText {
		wrong, text = "has no currency", json
	}
	meant, _, other := norm.ParseAmount(text + " USD")
	if other != "" {
		meant = 125000
	}
	write := norm.FormatAmount(meant, "USD")
	err := crm.Errorf(crm.InvalidValue, `%s: %s %s. Write it as text with its currency, {"%s":"%s"}, or in the smallest unit: %s is %s=%d, 1250 JPY is %s=1250.`,
		f.Name, norm.ShowJSON(json), wrong, f.Name, write, write, f.AmountOf, meant, f.AmountOf).On(f.Name)
	err.DidYouMean = f.AmountOf
	return crm.Input{}, err
}
