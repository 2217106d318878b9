package norm

import (
	"strconv"
	"strings"
	"sync"
)

// phonePlan is what has to be known of the phone numbers of a country to compare them.
type phonePlan struct {
	code   string   // the calling code: 49
	trunks []string // what is dialled before a number inside the country, and left out in the international form: 0
	idd    string   // what is dialled before an international number: 00
	zero   bool     // a number may begin with a zero that belongs to it, as in Italy
	// Within the country a number with this many digits, without a trunk prefix, is a whole one:
	// there is no trunk prefix, or people leave it out, as Excel does. 0: numbers without it are
	// local ones, whose area is not known.
	min, max int
}

// fits reports whether a text has as many digits as a whole number.
func (p *phonePlan) fits(digits string) bool { return len(digits) >= p.min && len(digits) <= p.max }

// cutTrunk returns the digits of a number without the trunk prefix. A prefix that can also be the
// beginning of a number, such as the 8 of Russia, is cut only from a whole one.
func (p *phonePlan) cutTrunk(digits string) string {
	for _, trunk := range p.trunks {
		rest, found := strings.CutPrefix(digits, trunk)
		switch {
		case !found || rest == "":
		case trunk == "0":
			return strings.TrimLeft(digits, "0")
		case p.fits(rest):
			return rest
		}
	}
	return digits
}

// phonePlans has the plans of all countries in groups with the same trunk prefixes and the same
// prefix for international calls. A country is written as its code in ISO 3166-1, its calling
// code, and after a colon the digits of a whole number. A trunk of - says that there is none,
// and = that there is none and zeros belong to the number.
//
// Sources: calling codes are those of ITU-T E.164, prefixes those of ITU-T E.164.D (dialling
// procedures), lengths those of the national plans as published under ITU-T E.129. All were
// compared with the metadata of libphonenumber 9. Some trunk prefixes are those of old numbers:
// 8 in Lithuania, and 01, 044, 045 and the 1 after +52 in Mexico.
var phonePlans = []struct{ trunks, idd, countries string }{
	{"-", "00", `AC247:5 AD376:6-9 AO244:9 AQ672:6 AW297:7 BF226:8 BH973:8 BI257:8 BN673:7 BQ599:7-8 BT975:7-8 BV47:8 BW267:7-8 BZ501:7 CF236:8
		CK682:5 CL56:9 CM237:9 CR506:8 CV238:7 CW599:7-8 CY357:8 CZ420:9 DJ253:8 DK45:8 EE372:7-8 ES34:9 FJ679:7 FK500:5 FM691:7 FO298:6 GI350:8 GL299:6
		GM220:7 GN224:8-9 GQ240:9 GR30:10 GS500:5 GT502:8 GW245:9 HM672:6 HN504:8 HT509:8 IO246:7 IS354:7 KM269:7 KW965:8 LS266:8 LU352:6-11 LV371:8
		ML223:8 MO853:8 MR222:8 MT356:8 MU230:7-8 MV960:7 MZ258:8-9 NC687:6 NE227:8 NF672:6 NI505:8 NO47:8 NR674:7 NU683:4-7 OM968:8 PA507:7-8 PF689:8
		PG675:7-8 PL48:9 PT351:9 QA974:8 SB677:5-7 SC248:7 SH290:4-5 SJ47:8 SN221:9 SR597:6-7 ST239:7 SV503:8 SZ268:8 TA290:4-5 TD235:8 TG228:8 TK690:4-7
		TL670:7-8 TN216:8 TO676:5-7 TV688:5-7 VU678:5-7 WF681:6 WS685:5-10`},
	{"-", "001", "GY592:7 HK852:8 SG65:8"},
	{"-", "011", "PW680:7"},
	{"=", "00", "BJ229:10 CG242:9 CI225:10 GA241:7-8 IT39:9-10 SM378:8-10 VA39:9-10"},
	{"0", "00", `AE971:8-9 AF93:9 AL355:8-9 AM374:8 AR54:10-11 AT43 AX358 AZ994:9 BA387:8-9 BD880:10 BE32:8-9 BG359 BL590:9 BO591:8 BR55:10-11 CD243
		CH41:9 CN86:10-11 CO57:10 DE49 DZ213:8-9 EC593:8-9 EG20:8-10 EH212:9 ER291 ET251:9 FI358 FR33:9 GB44:9-10 GE995:9 GF594:9 GG44:9-10 GH233:9
		GP590:9 HR385:8-9 IE353 IL972:8-9 IM44:9-10 IN91:10 IQ964:8-10 IR98:10 JE44:9-10 JO962:8-9 KG996:9 KI686:5-8 KP850:8-10 LA856:8-10 LB961:7-8 LI423:7-9
		LK94:9 LR231 LY218:9 MA212:9 MC377:8-9 MD373:8 ME382:8 MF590:9 MG261:9 MK389:8 MM95 MQ596:9 MW265 MY60:8-10 NA264:8-9 NL31:9 NP977:8-10
		NZ64:8-10 PE51:8-9 PH63:10 PK92:9-10 PM508 PN64:8-10 PS970:8-9 PY595 RE262:9 RO40:9 RS381 RW250:8-9 SA966:9 SD249:9 SE46 SI386:8 SK421:9
		SL232:8 SO252:6-9 SS211:9 SY963:8-9 TF262:9 TR90:10 UA380:9 UY598:8 VE58:10 VN84:9-10 XK383 YE967 YT262:9 ZA27:9 ZM260:9 ZW263`},
	{"0", "000", "KE254:9 TZ255:9 UG256:9"},
	{"0", "001", "ID62 KH855:8-9 KR82 MN976:8-10 TH66:8-9"},
	{"0", "0011", "AU61:9 CC61:9 CX61:9"},
	{"0", "002", "TW886:8-9"},
	{"0", "009", "NG234:10"},
	{"0", "010", "JP81:9-10"},
	{"0", "119", "CU53:8"},
	{"0 8", "00", "LT370:8"},
	{"06", "00", "HU36:8-9"},
	{"1", "011", `AG1:10 AI1:10 AS1:10 BB1:10 BM1:10 BS1:10 CA1:10 DM1:10 DO1:10 GD1:10 GU1:10 JM1:10 KN1:10 KY1:10 LC1:10 MH692:7 MP1:10 MS1:10
		PR1:10 SX1:10 TC1:10 TT1:10 UM1:10 US1:10 VC1:10 VG1:10 VI1:10`},
	{"1 01 044 045", "00", "MX52:10"},
	{"8", "00", "UZ998:9"},
	{"8", "810", "KZ7:10 RU7:10 TJ992:9 TM993:8"},
	{"80 8 0", "810", "BY375:9"},
}

// The calling codes of ITU-T E.164 that belong to no country, such as those of satellites.
const worldCodes = "800 808 870 878 881 882 883 888 979"

// plans are the phone plans by country and by calling code.
type plans struct{ byCountry, byCode map[string]*phonePlan }

// loadPlans reads phonePlans. Countries that share a calling code have equal plans.
var loadPlans = sync.OnceValue(func() plans {
	all := plans{map[string]*phonePlan{}, map[string]*phonePlan{}}
	for _, code := range strings.Fields(worldCodes) {
		all.byCode[code] = &phonePlan{code: code}
	}
	for _, group := range phonePlans {
		for _, country := range strings.Fields(group.countries) {
			code, lengths, _ := strings.Cut(country[2:], ":")
			p := &phonePlan{code: code, idd: group.idd, zero: group.trunks == "="}
			if group.trunks != "-" && group.trunks != "=" {
				p.trunks = strings.Fields(group.trunks)
			}
			least, most, isRange := strings.Cut(lengths, "-")
			p.min, _ = strconv.Atoi(least)
			if p.max = p.min; isRange {
				p.max, _ = strconv.Atoi(most)
			}
			all.byCountry[country[:2]], all.byCode[code] = p, p
		}
	}
	return all
})

// IsCountry reports whether a text is the code of a country in ISO 3166-1 alpha-2, in capitals.
func IsCountry(code string) bool { return loadPlans().byCountry[code] != nil }

// cutCallingCode splits an international number, without the plus sign, into the plan of its
// country and the rest. The plan is nil if the number begins with no calling code.
func cutCallingCode(digits string) (p *phonePlan, rest string) {
	for n := 1; n <= 3 && n <= len(digits); n++ { // no code is the beginning of another
		if p = loadPlans().byCode[digits[:n]]; p != nil {
			return p, digits[n:]
		}
	}
	return nil, digits
}
