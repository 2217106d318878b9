package rows

import (
	"regexp"
	"slices"
	"strings"
)

// nothing are the words that people write into a cell that has no value, in lower case.
var nothing = strings.Fields(`- -- --- – — ./. n/a n.a. #n/a none null nil k.a. keine keiner kein aucun aucune néant ninguno ninguna nessuno nessuna geen n.v.t. nenhum nenhuma`)

// IsNothingWord reports whether a text is written for no value. It is for values that are no free
// text: a person may be called Null.
func IsNothingWord(text string) bool {
	return slices.Contains(nothing, strings.ToLower(strings.Join(strings.Fields(text), "")))
}

// sheetErrors are what a sheet shows in place of a value that it cannot find or calculate, in the
// languages of Excel and LibreOffice, in lower case.
var sheetErrors = strings.Fields(`#n/a #na #nv #n/b #n/d #nd #ref! #bezug! #verw! #rif! #¡ref! #value! #wert! #valeur! #waarde! #valore! #valor! #¡valor! #name? #nom? #naam? #nome? #¿nombre?
	#div/0! #deel/0! #¡div/0! #num! #zahl! #nombre! #getal! #núm! #¡num! #null! #nul! #leeg! #nulo! #¡nulo! #spill! #überlauf! #calc! #error! #err! #field! #getting_data #unknown!`)

// libreError is what LibreOffice shows: Err:502.
var libreError = regexp.MustCompile(`^err:\d{3}$`)

// IsSheetError reports whether a text is what a sheet shows in place of a value that it cannot find
// or calculate, or has no room for: it is no value, not even of a name.
func IsSheetError(text string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	return slices.Contains(sheetErrors, text) || libreError.MatchString(text) || len(text) > 2 && strings.Trim(text, "#") == ""
}
