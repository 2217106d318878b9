package fieldtype

import (
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Amount is an integer field and a currency field as one text, such as "1250.00 USD".
//
// It accepts a decimal number with the code of its currency, in the form that
// norm.FormatAmount writes; decimals may be left out, and nothing is rounded. It has no
// column: the two fields store the amount in the smallest unit, because sums of integers
// are exact. No filter takes it, since amounts of two currencies have no order; the error
// names the integer field. How many decimals a currency has is from ISO 4217.
var Amount crm.Type = amountType{}

type amountType struct{ base }

func (amountType) String() string { return "amount" }

func (amountType) Computed() bool { return true }

func (amountType) Comparison() crm.Comparison { return crm.Comparison{By: crm.ByNothing} }

// Decode refuses a bare number, because it could be meant in either unit, and a guess could
// be wrong by a factor of a hundred. The error shows the same number in both forms.
func (amountType) Decode(_ crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	text, isText := norm.Unquote(json)
	n, currency, wrong := norm.ParseAmount(text)
	if isText && wrong == "" {
		return crm.Input{Field: f, Value: crm.Amount(n, currency)}, nil
	}
	if json[0] == '{' {
		return crm.Input{}, crm.Errorf(crm.InvalidValue, `%s takes text with the currency; to change the number that is there, send {"%s":{"multiply":1.05}} or {"%[2]s":{"add":-500}}.`, f.Name, f.AmountOf().Number).On(f.Name)
	}
	if !isText {
		wrong, text = "has no currency", json
	}
	if n, ok := norm.ReadNumber(text); ok && isText && strings.Contains(text, ",") && n.Ambiguous() {
		wrong = "can be read in two ways, with a decimal point or a decimal comma"
	}
	meant, _, other := norm.ParseAmount(text + " USD")
	if other != "" {
		meant = 125000
	}
	of, write := f.AmountOf(), norm.FormatAmount(meant, "USD")
	err := crm.Errorf(crm.InvalidValue, `%s: %s %s. Send text with the currency, {"%s":"%s"}, or the smallest unit, {"%s":%d,"%s":"USD"}; 1250 JPY is {"%s":1250,"%s":"JPY"}.`,
		f.Name, norm.ShowJSON(json), wrong, f.Name, write, of.Number, meant, of.Currency, of.Number, of.Currency).On(f.Name)
	err.DidYouMean = of.Number
	return crm.Input{}, err
}

// Lenient accepts an amount as people write it, "EUR 75,000.00" or "€1.200,50", if it names its
// currency and can be read in one way only. "1,200 EUR" is 1200.00 in one country and 1.20 in
// another, so it is refused. "1.250,- EUR" and "CHF 50.-" have no cents.
func (amountType) Lenient(json string) string {
	text := sentText(json)
	if number, _, _ := strings.Cut(text, " "); strings.Trim(strings.TrimPrefix(number, "-"), ".0123456789") == "" {
		return json // it has the form of an amount, or is refused as one with too many decimals
	}
	n, ok := norm.ReadNumber(text)
	if !ok || n.Currency == "" || n.Ambiguous() {
		return json
	}
	units, ok := n.Units(n.Decides(), norm.Decimals(n.Currency))
	smallest, err := strconv.ParseInt(units, 10, 64)
	if !ok || err != nil {
		return json
	}
	return norm.QuoteJSON(norm.FormatAmount(smallest, n.Currency))
}

// Show returns the amount of the record; Null if its number or its currency is unset.
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
