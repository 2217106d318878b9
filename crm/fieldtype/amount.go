package fieldtype

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// Amount is a number of another field, with its currency, as people write it: 1250.00
// USD. Sending it sets both.
var Amount crm.Type = amountType{}

type amountType struct{ base }

func (amountType) String() string { return "amount" }

func (amountType) Computed() bool { return true }

func (amountType) Comparison() crm.Comparison { return crm.Comparison{By: crm.ByNothing} }

// Decode takes an amount with its currency. A bare number is refused, because it could be
// meant in either unit.
func (amountType) Decode(_ crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
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
	of, write := f.AmountOf(), norm.FormatAmount(meant, "USD")
	err := crm.Errorf(crm.InvalidValue, `%s: %s %s. Write it as text with its currency, {"%s":"%s"}, or in the smallest unit: %s is %s=%d, 1250 JPY is %s=1250.`,
		f.Name, norm.ShowJSON(json), wrong, f.Name, write, write, of.Number, meant, of.Number).On(f.Name)
	err.DidYouMean = of.Number
	return crm.Input{}, err
}

// Show returns the amount of the record; Null if it has no number or no currency.
func (amountType) Show(rec crm.Record, i int) crm.Value {
	of := rec.Entity.Fields[i].AmountOf()
	n, currency := rec.Value(of.Number), rec.Value(of.Currency)
	if !n.Set() || !currency.Set() {
		return crm.Value{}
	}
	return crm.Str(norm.FormatAmount(n.Int, currency.Text))
}

func (amountType) Schema(*crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", Examples: []string{norm.FormatAmount(125000, "USD"), norm.FormatAmount(120000, "JPY")}}
}
