package norm

import "strings"

// currencies are the alphabetic codes of ISO 4217: those in use in 2026, then
// withdrawn ones that old deals still carry. The table is our own because that of
// golang.org/x/text/currency gives other answers: it lacks seven current codes (MRU,
// SLE, UYW, VED, VES, XCG, ZWG), and its decimals are those that CLDR prints (none
// for IDR or PKR), where ISO 4217 has two.
const currencies = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD " +
	"CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP " +
	"GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP " +
	"LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN " +
	"PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT " +
	"TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD XCD " +
	"XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG " +
	"ANG ATS BEF BGN BYR CUC CYP DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LUF LVL MRO MTL NLG PTE ROL SIT SKK SLL STD TRL VEB VEF ZWL"

// IsCurrency reports whether code is an ISO 4217 code, upper case.
func IsCurrency(code string) bool {
	return len(code) == 3 && !strings.Contains(code, " ") && strings.Contains(" "+currencies+" ", " "+code+" ")
}

// The codes whose smallest unit is not a hundredth, by the number of decimals.
const (
	noDecimals    = "ADP BEF BIF BYR CLP DJF ESP GNF GRD ISK ITL JPY KMF KRW LUF PTE PYG ROL RWF TRL UGX UYI VND VUV XAF XOF XPF"
	threeDecimals = "BHD IQD JOD KWD LYD OMR TND"
	fourDecimals  = "CLF UYW"
)

// Decimals returns how many decimals an amount in the currency has (ISO 4217): 2
// for USD, 0 for JPY.
func Decimals(code string) int {
	switch {
	case strings.Contains(noDecimals, code):
		return 0
	case strings.Contains(threeDecimals, code):
		return 3
	case strings.Contains(fourDecimals, code):
		return 4
	}
	return 2
}
