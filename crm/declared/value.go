package declared

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Read returns the stored form of JSON that was sent for the key; "" if the value is empty, which unsets it. The
// error names the field, what it takes, and the request that shows more.
func (m *Member) Read(r crm.Reader, json string) (string, *crm.Error) {
	if json = m.Type.Lenient(json); json == `""` || json == "null" {
		return "", nil
	}
	if json[0] == '{' {
		return "", m.next(crm.Errorf(crm.InvalidValue, "%s takes a whole value, not an object like %s. Nothing was saved; read the record, and send the new value.", m.Name, norm.ShowJSON(json)).On(m.Name), json)
	}
	in, err := m.Type.Decode(r, &m.Field, json)
	if err != nil {
		return "", m.next(err, json)
	}
	return m.JSON(in.Value), nil
}

// next adds to an error what to send next.
func (m *Member) next(err *crm.Error, json string) *crm.Error {
	if text, isText := norm.Unquote(json); isText && m.Of.Type == Choice && err.DidYouMean == "" {
		err.DidYouMean = nearest(text, m.Of.Options)
	}
	if near := err.DidYouMean; near != "" {
		err.Hint += ` Send {"custom":{"` + m.Key + `":` + norm.QuoteJSON(near) + `}}.`
	} else {
		err.Hint += " Such a value is " + m.Of.Example() + "."
	}
	return err
}

// nearest returns the option that is most similar to a text, without regard to capitals; "" if none is near.
func nearest(text string, options []string) string {
	lower := make([]string, len(options))
	for i, option := range options {
		lower[i] = strings.ToLower(option)
	}
	if i := slices.Index(lower, norm.Nearest(text, lower)); i >= 0 {
		return options[i]
	}
	return ""
}

// JSON returns a value of the field as it is stored: the one form that each value has. An unset value is "".
func (m *Member) JSON(v crm.Value) string {
	switch {
	case !v.Set():
		return ""
	case v.Kind == crm.IntKind:
		return strconv.FormatInt(v.Int, 10)
	case v.Kind == crm.FlagKind:
		return strconv.FormatBool(v.Int != 0)
	case v.Kind == crm.TimeKind:
		return norm.QuoteJSON(time.UnixMilli(v.Int).UTC().Format(time.RFC3339))
	case v.Kind == crm.ListKind:
		return asStored(norm.QuoteList(v.List()))
	case m.Of.Type == Number:
		return v.Text
	}
	return asStored(norm.QuoteJSON(v.Text))
}

// asStored returns JSON with the spelling that members have when they are read: answers escape more characters.
func asStored(json string) string {
	if !strings.Contains(json, `\`) {
		return json
	}
	if read, err := norm.ReadObject([]byte(`{"v":` + json + `}`)); err == nil && len(read) == 1 {
		return read[0].JSON
	}
	return json
}

// defaultCurrency is the currency of an amount that was sent without one, as of a deal.
const defaultCurrency = "USD"

// Amounts returns the members that a client sends for custom, with the two keys of each amount that it sends by its
// name and that reads well: what a record has under that name from before it was declared may be the same text, which
// would be no change. An amount that is unset is unset with that too. One of which a key is sent as well stays as it
// is, so that a change which contradicts itself is refused.
func (k *Kind) Amounts(sent []crm.Member) (list []crm.Member) {
	for _, m := range sent {
		f := k.Field(m.Name)
		if f == nil || f.Type != Money || f.count(sent) > 1 {
			list = append(list, m)
			continue
		}
		text, isText := norm.Unquote(m.JSON)
		cents, currency, wrong := norm.ParseAmount(text)
		switch {
		case m.JSON == "null" || isText && strings.TrimSpace(text) == "":
			list = append(list, crm.Member{Name: m.Name, JSON: "null"}, crm.Member{Name: m.Name + centsSuffix, JSON: "null"}, crm.Member{Name: m.Name + currencySuffix, JSON: "null"})
		case wrong == "":
			list = append(list, crm.Member{Name: m.Name + centsSuffix, JSON: strconv.FormatInt(cents, 10)}, crm.Member{Name: m.Name + currencySuffix, JSON: norm.QuoteJSON(currency)})
		default:
			list = append(list, m)
		}
	}
	return list
}

// count returns how many members are for the field.
func (f *Field) count(members []crm.Member) (n int) {
	for _, m := range members {
		if m.Name == f.Name || slices.Contains(keysOf(f), m.Name) {
			n++
		}
	}
	return n
}

// amount adds the two keys of an amount that was sent as people write it. They are after the name of the amount in
// the order of an object, so none of them was read before.
func (c *reading) amount(f *Field, json string) *crm.Error {
	text, isText := norm.Unquote(json)
	if isText && strings.TrimSpace(text) == "" {
		return nil
	}
	cents, currency, wrong := norm.ParseAmount(text)
	if wrong != "" {
		return crm.Errorf(crm.InvalidValue, `%s%s takes an amount like "1250.00 USD", not %s. Send that, or %s and %s.`, Prefix, f.Name, norm.ShowJSON(json),
			Prefix+f.Name+centsSuffix, Prefix+f.Name+currencySuffix).On(Prefix + f.Name)
	}
	c.sent = append(c.sent, f)
	c.list = append(c.list, crm.Member{Name: f.Name + centsSuffix, JSON: strconv.FormatInt(cents, 10)}, crm.Member{Name: f.Name + currencySuffix, JSON: norm.QuoteJSON(currency)})
	return nil
}

// pair completes the two keys of an amount that a change leaves: a number without a currency is in
// US dollars, and a currency goes with its number. An amount that changes replaces what the record had under its name
// from before it was declared, whichever way it was sent.
func (c *reading) pair(f *Field) *crm.Error {
	number, unit := f.Name+centsSuffix, f.Name+currencySuffix
	cents, currency := jsonOf(c.list, number), jsonOf(c.list, unit)
	if cents != "" && (cents != jsonOf(c.was, number) || currency != "" && currency != jsonOf(c.was, unit)) {
		c.remove(f.Name)
	}
	switch {
	case cents != "" && currency == "":
		c.list = append(c.list, crm.Member{Name: unit, JSON: norm.QuoteJSON(defaultCurrency)})
	case cents == "" && currency != "" && currency != jsonOf(c.was, unit):
		return crm.Errorf(crm.MissingField, `%s is a currency without a number. Send {"custom":{"%s":"1250.00 USD"}}, or %s too.`, Prefix+unit, f.Name, Prefix+number).On(Prefix + number)
	case cents == "" && jsonOf(c.was, number) != "":
		c.remove(unit)
	}
	return nil
}

// remove takes a key out of those read so far.
func (c *reading) remove(key string) {
	c.list = slices.DeleteFunc(c.list, func(m crm.Member) bool { return m.Name == key })
}
