package cells

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/server/importer/rows"
)

// amountCell is a cell of a random column: what it says, and how it is written.
type amountCell struct {
	currency string
	cents    int
	sign     string // the decimal sign of its group
	text     string
}

// row returns the cells of a row; of every second amount the currency is in a column of its own.
func (c amountCell) row() []crm.Member {
	if c.cents%2 == 0 {
		return []crm.Member{{Name: "Value", JSON: norm.QuoteJSON(c.text)}}
	}
	number, currency, _ := strings.Cut(c.text, " ")
	return []crm.Member{{Name: "Value", JSON: norm.QuoteJSON(number)}, {Name: "Currency", JSON: norm.QuoteJSON(currency)}}
}

// valueOf returns the amount of a row that was read.
func valueOf(row Row) string {
	for _, m := range row.Members {
		if m.Name == "amount_cents" {
			return m.JSON
		}
	}
	return ""
}

// shows returns the decimal sign that the text leaves no doubt of, naively: it has both signs, one
// of them twice, or one that is not before three digits.
func (c amountCell) shows() string {
	number := strings.Fields(c.text)[0]
	for i, sign := range []string{".", ","} {
		other := []string{",", "."}[i]
		whole, fraction, _ := strings.Cut(number, sign)
		switch {
		case strings.Count(number, sign) > 1:
			return other
		case strings.Contains(number, sign) && (len(fraction) != 3 || whole == "0" || len(whole) > 3) && !strings.Contains(fraction, other):
			return sign
		}
	}
	return ""
}

// randomColumn returns the cells of a column in which each currency has a style of its own.
func randomColumn(rnd *rand.Rand) (cells []amountCell) {
	signs := map[string]string{}
	for _, currency := range []string{"EUR", "USD", "GBP", "CHF"} {
		signs[currency] = []string{".", ","}[rnd.IntN(2)]
	}
	for range 1 + rnd.IntN(8) {
		c := amountCell{currency: []string{"EUR", "USD", "GBP", "CHF"}[rnd.IntN(4)], cents: 100 * (1 + rnd.IntN(9_999_999))}
		c.sign = signs[c.currency]
		group := map[string]string{".": ",", ",": "."}[c.sign]
		digits := strconv.Itoa(c.cents / 100)
		for i := len(digits) - 3; i > 0; i -= 3 {
			digits = digits[:i] + group + digits[i:]
		}
		if rnd.IntN(3) == 0 {
			c.cents += rnd.IntN(100)
			digits += fmt.Sprintf("%s%02d", c.sign, c.cents%100)
		}
		c.text = digits + " " + c.currency
		cells = append(cells, c)
	}
	return cells
}

// isOpen reports whether a cell shows no decimal sign, but has a sign: it is one of thousands, since no
// currency of these columns has three decimals.
func (c amountCell) isOpen() bool {
	return c.shows() == "" && strings.ContainsAny(c.text, ".,")
}

// TestStylesOfRandomGroups reads random columns, in which each currency is written in one way. No
// amount is read wrongly, and none is refused, whatever the others show. With an amount in the other
// style each amount is right or refused.
func TestStylesOfRandomGroups(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	rnd := rand.New(rand.NewPCG(seed, 3))
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	how := How{Env: query.For(schema, crm.Actor{Workspace: 1}, time.Unix(1e9, 0), nil)}
	for range 3_000 {
		column := randomColumn(rnd)
		mixed := rnd.IntN(2) == 0
		if mixed {
			column = append(column, randomColumn(rnd)...)
		}
		c := New(schema.ByName("deal"))
		c.Add("Value", "Currency")
		for i, cell := range column {
			c.Learn(cell.row(), rows.Place{N: i + 1})
		}
		if fault := c.DecideStyles(nil); fault != nil {
			if !mixed {
				t.Fatalf("%+v: %v", column, fault)
			}
			continue
		}
		for _, cell := range column {
			row, fault := c.Read(cell.row(), nil, how)
			if fault != nil && mixed && cell.isOpen() {
				continue
			}
			if fault != nil || valueOf(row) != strconv.Itoa(cell.cents) {
				t.Fatalf("%+v: %q is read as %v, %v", column, cell.text, row.Members, fault)
			}
		}
	}
}
