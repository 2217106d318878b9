package server_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestStyleOfColumns imports columns of numbers and dates, which are read as the whole column
// is written. A column that can be read in two ways is refused with the parameter that decides.
func TestStyleOfColumns(t *testing.T) {
	checkStyles(t, []styleCase{
		{"a row shows the comma", "", "Deal - Title;Deal - Value;Deal - Currency of Value\np1;1.200;EUR\np2;512,77;EUR\np3;12.500;EUR\n", 200,
			[]string{"is read with decimal comma, as row 2 shows", `p1 amount_cents=120000`, `p2 amount_cents=51277`, `p3 amount_cents=1250000`}},
		{"a row shows the point", "", "Deal Name,Amount,Currency\np1,\"1,200\",EUR\np2,512.77,EUR\n", 200, []string{"decimal point, as row 2 shows", `p1 amount_cents=120000`}},
		{"open", "", "Deal Name,Amount\np1,\"1,250\"\n", 400, []string{"row 1 has 1,250 in the column Amount", "decimal=, for decimal comma", "decimal=. for decimal point"}},
		{"stated comma", "decimal=,", "Deal Name,Amount\np1,\"1,250\"\n", 200, []string{`p1 amount_cents=125 `}},
		{"stated point", "decimal=.", "Deal Name,Amount\np1,\"1,250\"\n", 200, []string{`p1 amount_cents=125000`}},
		{"stated otherwise than shown", "decimal=.", "Deal Name,Amount\np1,\"1.250,50\"\n", 400, []string{"row 1 has 1.250,50"}},
		{"two ways", "", "Deal Name;Amount\np1;1.250,50\np2;1,250.50\n", 400, []string{"written in two ways", "row 1 has 1.250,50", "row 2 has 1,250.50"}},
		{"nonsense", "decimal=x", "Deal Name,Amount\np1,1\n", 400, []string{"decimal=x: write decimal=,"}},
		{"no sign at all", "", "Deal Name,Amount\np1,1250\n", 200, []string{`p1 amount_cents=125000`, "names no currency in row 1"}},
		{"currencies of cells", "", "Deal Name,Amount\nc1,\"€1,200.50\"\nc2,£99\nc3,\"R$ 1,200.50\"\nc4,\"(1,200.00) USD\"\n", 200,
			[]string{`c1 amount_cents=120050 amount="1200.50 EUR"`, `c2 amount_cents=9900 amount="99.00 GBP"`, `c3 amount_cents=120050 amount="1200.50 BRL"`, `c4 amount_cents=-120000`}},
		{"three decimals with a comma", "", "Deal Name;Amount\nc1;1.200 BHD\nc2;1.512,775 BHD\n", 200, []string{"c1 amount_cents=1200000", "c2 amount_cents=1512775"}},
		{"a sign of several currencies", "", "Deal Name,Amount\nc1,\"¥120,000.00\"\n", 200, []string{"row 1 ERROR invalid_value", "the sign ¥ is used for several currencies"}},
		{"another currency than the row", "", "Deal Name,Amount,Currency\nc1,€5,USD\n", 200, []string{"row 1 ERROR invalid_value", "is in EUR, but the row names the currency USD"}},
		{"dates day first", "", "Deal Name,Follow-up at\np1,03/04/2026\np2,30/07/2026\n", 200, []string{"day before month, as row 2 shows", "p1 follow_up_at=2026-04-03"}},
		{"dates month first", "", "Deal Name,Follow-up at\np1,03/04/2026\np2,07/30/2026 1:05 PM\n", 200, []string{"p1 follow_up_at=2026-03-04", "p2 follow_up_at=2026-07-30T13:05"}},
		{"dates open", "", "Deal Name,Follow-up at\np1,03/04/2026\n", 400, []string{"dates=dmy for day before month", "dates=mdy for month before day"}},
		{"dates stated", "dates=dmy", "Deal Name,Follow-up at\np1,03/04/2026\n", 200, []string{"p1 follow_up_at=2026-04-03"}},
		{"dates that are saved as text", "", "Deal Name,created_at,Closed\np1,03/04/2026,05/06/2026\n", 200, []string{"1 created"}},
		{"dates of one meaning", "", "Deal Name,Follow-up at\np1,12 Mar 2025\np2,30.07.2026\np3,2026/03/29\n", 200, []string{"p1 follow_up_at=2025-03-12", "p2 follow_up_at=2026-07-30", "p3 follow_up_at=2026-03-29"}},
	})
}

// TestStyleOfCurrencies imports columns in which each currency is written in its own way.
func TestStyleOfCurrencies(t *testing.T) {
	checkStyles(t, []styleCase{
		{"two ways, each with its currency", "", "Deal Name;Amount\np1;1.200,00 €\np2;$1,200.00\np3;€ 1.300\np4;$1,400\np5;99\n", 200,
			[]string{"decimal comma in EUR, as row 1 shows; decimal point in $, as row 2 shows", `p1 amount_cents=120000 amount="1200.00 EUR"`, `p2 amount_cents=120000 amount="1200.00 USD"`, "p3 amount_cents=130000", "p4 amount_cents=140000", "p5 amount_cents=9900"}},
		{"two ways, and a currency that shows none", "", "Deal Name;Amount\np1;1.200,00 €\np2;$1,200.00\np3;£1,300\np4;£1,400\np5;£5\n", 200,
			[]string{"thousands before three digits in GBP, as in row 3, £1,300", "p3 amount_cents=130000", "p4 amount_cents=140000", "p5 amount_cents=500"}},
		{"two ways, and a currency of three decimals that stays open", "", "Deal Name;Amount\np1;1.200,00 €\np2;$1,200.00\np3;1,300 KWD\np4;1,400 KWD\n", 400,
			[]string{"row 3 has \"1,300 KWD\" in the column Amount", "(also row 4), and no other", "no other amount in KWD shows which", "decimal=, for decimal comma"}},
		{"two ways, and an open currency that is stated", "decimal=.", "Deal Name;Amount\np1;1.200,00 €\np2;$1,200.00\np3;£1,300\n", 200, []string{`p1 amount_cents=120000`, `p3 amount_cents=130000 amount="1300.00 GBP"`}},
		{"two ways, and an open number without a currency", "", "Deal Name;Amount\np1;1.200,00 €\np2;$1,200.00\np3;1.300\n", 400, []string{"row 3 has 1.300", "no other amount without a currency shows which"}},
		{"two ways in one currency", "", "Deal Name;Amount\np1;1.200,00 €\np2;$1,200.00\np3;€1,200.00\n", 400, []string{"written in two ways: row 1 has \"1.200,00 €\", row 3 has €1,200.00", "Write all of its rows in EUR in one way"}},
		{"two ways, with the currencies in a column", "", "Deal Name;Amount;Currency\np1;1.200,00;EUR\np2;1,200.00;USD\np3;1.300;EUR\np4;1,300;usd\n", 200,
			[]string{"decimal comma in EUR, as row 1 shows; decimal point in USD, as row 2 shows", "p1 amount_cents=120000", "p2 amount_cents=120000", "p3 amount_cents=130000", "p4 amount_cents=130000"}},
		{"a currency follows the others", "", "Deal Name;Amount\np1;1.200,00 €\np2;£1.300\n", 200, []string{`p2 amount_cents=130000 amount="1300.00 GBP"`}},
	})
}

// TestThreeDigitsAreNoDecimals imports amounts with a sign before exactly three digits, in columns whose other
// amounts have this sign before decimals. They were a thousand times too small.
func TestThreeDigitsAreNoDecimals(t *testing.T) {
	checkStyles(t, []styleCase{
		{"pounds beside euros", "", "Deal Name;Amount\np1;£3,500\np2;12 500,00 €\n", 200, []string{`p1 amount_cents=350000 amount="3500.00 GBP"`, "p2 amount_cents=1250000"}},
		{"dollars beside euros", "", "Deal Name;Amount\np1;$12,500\np2;12 500,00 €\n", 200, []string{`p1 amount_cents=1250000`}},
		{"alone", "", "Deal Name;Amount\np1;$12,500\np2;3.500 EUR\np3;3,500 EUR\n", 200,
			[]string{"thousands before three digits in $, as in row 1, $12,500", `p1 amount_cents=1250000`, "p2 amount_cents=350000", "p3 amount_cents=350000"}},
		{"the currency in a column", "", "Deal Name;Amount;Currency\np1;3.500;EUR\np2;3.500;KWD\np3;1.250,000;KWD\n", 200, []string{`p1 amount_cents=350000`, "p2 amount_cents=3500000"}},
		{"no decimals at all", "", "Deal Name;Amount;Currency\np1;\"2,000\";JPY\np2;12,50;EUR\n", 200, []string{`p1 amount_cents=2000 amount="2000 JPY"`}},
		{"against its own currency", "", "Deal Name;Amount;Currency\np1;1.200;EUR\np2;1,200.50;EUR\n", 200,
			[]string{"row 1 ERROR invalid_value 1.200 in the column Amount can be read in two ways: the column has a decimal point in EUR", "decimal=. reads", "p2 amount_cents=120050"}},
		{"against its own currency, stated", "decimal=.", "Deal Name;Amount;Currency\np1;1.200;EUR\np2;1,200.50;EUR\n", 200, []string{"p1 amount_cents=120 "}},
		{"no currency, against the others", "", "Deal Name;Amount\np1;1,200\np2;512,77 €\n", 200, []string{"row 1 ERROR invalid_value", "can be read in two ways: the column has a decimal comma"}},
		{"stated for pounds", "decimal=,", "Deal Name;Amount\np1;£3,500\np2;12 500,00 €\n", 200, []string{"p1 amount_cents=350 "}},
		{"zeros behind", "", "Deal Name;Amount\np1;£1250.500\np2;£0.500\np3;£12.500\n", 200, []string{"p1 amount_cents=125050", "p2 amount_cents=50", "row 3 ERROR"}},
	})
}

// TestAmountsWithoutCents imports and sends amounts with a dash in place of the cents. They were
// refused, or negative.
func TestAmountsWithoutCents(t *testing.T) {
	checkStyles(t, []styleCase{
		{"with a comma", "", "Deal Name;Amount\np1;1.250,- €\np2;€ 3.500,--\np3;1.250,— €\np4;-5,- €\n", 200,
			[]string{`p1 amount_cents=125000 amount="1250.00 EUR"`, "p2 amount_cents=350000", "p3 amount_cents=125000", "p4 amount_cents=-500"}},
		{"with a point", "", "Deal Name;Amount\np1;CHF 50.-\np2;Fr. 120.–\np3;CHF 1'250.--\np4;50.–\n", 200,
			[]string{`p1 amount_cents=5000 amount="50.00 CHF"`, `p2 amount_cents=12000 amount="120.00 CHF"`, "p3 amount_cents=125000", "p4 amount_cents=5000"}},
		{"a minus behind a whole number", "", "Deal Name;Amount\np1;50- €\np2;512,77- €\n", 200, []string{"row 1 ERROR invalid_value", "50- €", "a negative one like -1234.50", "p2 amount_cents=-51277"}},
		{"other digits", "", "Deal Name;Amount\np1;١٬٢٥٠٫٥٠ EUR\np2;２０００円\np3;￥２，０００\n", 200,
			[]string{`p1 amount_cents=125050 amount="1250.50 EUR"`, `p2 amount_cents=2000 amount="2000 JPY"`, "row 3 ERROR invalid_value", "the sign ¥ is used for several currencies"}},
	})
	r := newRig(t).as("jane@acme.com")
	for sent, amount := range map[string]string{"1.250,- €": "1250.00 EUR", "50.- CHF": "50.00 CHF", "€ 12.500,--": "12500.00 EUR", "Fr. 120.–": "120.00 CHF"} {
		if text := r.want(201, "POST", "/deals", `{"title":"x","amount":"`+sent+`"}`); !strings.Contains(text, `amount="`+amount+`"`) {
			t.Errorf("%s is read as %s", sent, text)
		}
	}
	r.want(400, "POST", "/deals", `{"title":"x","amount":"50- CHF"}`)
}

// styleCase is a file of deals, what it is answered, and what the deals then are.
type styleCase struct {
	name, params, file string
	status             int
	want               []string // parts of the answer, and of the list of the deals
}

func checkStyles(t *testing.T, list []styleCase) {
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t).as("jane@acme.com")
			params, _ := url.ParseQuery(c.params)
			text := r.want(c.status, "POST", "/import/deals?"+params.Encode(), c.file)
			if c.status == 200 {
				text += r.want(200, "GET", "/deals?fields=title,amount_cents,amount,follow_up_at&sort=title", "")
			} else if n := r.want(200, "GET", "/deals", ""); strings.Contains(n, "deal/") {
				t.Errorf("a refused file left %s", n)
			}
			for _, part := range c.want {
				if !strings.Contains(strings.ReplaceAll(text, "title=", ""), part) {
					t.Errorf("nothing says %q:\n%s", part, text)
				}
			}
		})
	}
}

// TestStyleIsThatOfDryRun confirms a dry run: the amounts are read as it showed.
func TestStyleIsThatOfDryRun(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	file := "Deal Name;Amount\np1;1.200\np2;512,77\n"
	token := r.dryRun("/import/deals?dry_run=1", file)
	r.want(200, "POST", "/import/deals?confirm="+token, "")
	if text := r.want(200, "GET", "/deals?fields=title,amount_cents&sort=title", ""); !strings.Contains(text, "title=p1 amount_cents=120000") {
		t.Errorf("the amounts are\n%s", text)
	}
}

// TestOwnAmountsAreNotAmbiguous exports deals in a currency of three decimals and imports the file:
// 5.000 KWD can be read in two ways, but not in an export of crmkit.
func TestOwnAmountsAreNotAmbiguous(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/deals", `{"title":"p1","amount":"5.000 KWD"}`)
	for _, path := range []string{"/export/deals?format=csv", "/export/deals?format=csv&fields=id,title,amount", "/export/deals?format=ndjson"} {
		file := r.want(200, "GET", path, "")
		if text := r.want(200, "POST", "/import/deals", file); !strings.Contains(text, "0 created, 0 updated, 1 unchanged, 0 failed") {
			t.Errorf("%s goes in as %s", path, text)
		}
	}
}

// TestNamesInAnotherOrder imports rows whose address leads to a record that has the same name
// in another spelling, or a name that shares no more than an initial.
func TestNamesInAnotherOrder(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/import/contacts", "name,email\n山田太郎,t@a.example\nMara Lind,m@a.example\nSean O'Brien,s@a.example\nJ. Doe,j@a.example\n")
	text := r.want(200, "POST", "/import/contacts", "name,email,stage\n太郎 山田,t@a.example,lead\n\"Lind, Mara\",m@a.example,lead\nPat O'Reilly,s@a.example,lead\nJ. Smith,j@a.example,lead\n")
	for _, part := range []string{"row 1 updated", "row 2 updated", "row 3 ERROR already_exists", "row 4 ERROR already_exists"} {
		if !strings.Contains(text, part) {
			t.Errorf("nothing says %q:\n%s", part, text)
		}
	}
}

// TestRowsAboutSomebodyElse imports rows that their id or address leads to a record of another
// person: it stays as it is, and the row is named.
func TestRowsAboutSomebodyElse(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/import/contacts", "Record ID,Lifecycle Stage,First Name,Last Name,Email,Phone Number\n151,lead,Mia,One,mia@a.example,111\n201,lead,Ben,Two,,222\n")
	text := r.want(200, "POST", "/import/contacts", "Record ID,Lifecycle Stage,First Name,Last Name,Email,Phone Number\n"+
		"151,lead,Mia,Married,mia@a.example,112\n"+ // the same word
		"201,lead,Someone,Else,,333\n"+
		"300,lead,Cy,Sales,info@b.example,444\n301,lead,Dee,Support,info@b.example,555\n")
	for _, part := range []string{"row 1 updated", "row 2 ERROR already_exists", "which is Ben Two; the row names Someone Else", "row 3 created", "row 4 ERROR already_exists info@b.example is the address of"} {
		if !strings.Contains(strings.ReplaceAll(text, `"`, ""), part) {
			t.Errorf("nothing says %q:\n%s", part, text)
		}
	}
	list := strings.ReplaceAll(r.want(200, "GET", "/contacts?fields=name,phone,email&sort=phone", ""), `"`, "")
	for _, part := range []string{"name=Mia Married", "phone=112", "name=Ben Two phone=222", "name=Cy Sales"} {
		if !strings.Contains(list, part) {
			t.Errorf("nothing says %q:\n%s", part, list)
		}
	}
	if strings.Contains(list, "333") || strings.Contains(list, "555") {
		t.Errorf("a refused row was saved:\n%s", list)
	}
	// A sheet with columns that HubSpot also has is none of HubSpot's.
	r.want(200, "POST", "/import/contacts", "ID,Name,Phone,Lead Status\n151,Quite Another,+44 7700 900111,Hot\n")
	if text := r.want(200, "GET", "/contacts?name=Quite+Another&fields=name,phone", ""); !strings.Contains(text, "contact/") {
		t.Errorf("the row of another sheet made no contact: %s", text)
	}
}
