package norm

import "testing"

func TestCurrency(t *testing.T) {
	for code, want := range map[string]bool{
		"USD": true, "EUR": true, "XCG": true, "ZWG": true, "SLE": true, "DEM": true,
		"usd": false, "": false, "US": false, "USDD": false, "D E": false, " US": false, "ABC": false, "   ": false,
	} {
		if IsCurrency(code) != want {
			t.Errorf("%q: %v", code, !want)
		}
	}
}
