package cells

import (
	"regexp"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
)

// isNothing reports whether a cell has what is written for no value, such as n/a for an address, or the error of a sheet. In
// a text, such as a name or notes, it is text; in a column without a field only a date may be none,
// which would hide one that another file has.
func (p placedCell) isNothing() bool {
	text, isText := norm.Unquote(p.json)
	switch {
	case isText && isSheetError(text):
		return true
	case !isText || p.use == forName || p.use == forHint:
		return false
	case p.use == forText || p.use == forNothing || p.use == forReadOnly || p.use == forMember && p.field.Type == fieldtype.Object:
		return norm.IsNoDate(text)
	case p.use != forField:
		return isNothingWord(text)
	case p.field.Type == fieldtype.Text || p.field.Type == fieldtype.Tags || p.field.Type == fieldtype.Object:
		return false
	}
	return isNothingWord(text) || p.field.Type.Kind() == crm.TimeKind && norm.IsNoDate(text)
}

// nothing are the words that people write into a cell that has no value, in lower case.
var nothing = strings.Fields(`- -- --- – — ./. n/a n.a. #n/a none null nil k.a. keine keiner kein aucun aucune néant ninguno ninguna nessuno nessuna geen n.v.t. nenhum nenhuma`)

// isNothingWord reports whether a text is written for no value. It is for values that are no free
// text: a person may be called Null.
func isNothingWord(text string) bool {
	return slices.Contains(nothing, strings.ToLower(strings.Join(strings.Fields(text), "")))
}

// sheetErrors are what a sheet shows in place of a value that it cannot find or calculate, in the
// languages of Excel and LibreOffice, in lower case.
var sheetErrors = strings.Fields(`#n/a #na #nv #n/b #n/d #nd #ref! #bezug! #verw! #rif! #¡ref! #value! #wert! #valeur! #waarde! #valore! #valor! #¡valor! #name? #nom? #naam? #nome? #¿nombre?
	#div/0! #deel/0! #¡div/0! #num! #zahl! #nombre! #getal! #núm! #¡num! #null! #nul! #leeg! #nulo! #¡nulo! #spill! #überlauf! #calc! #error! #err! #field! #getting_data #unknown!`)

// libreError is what LibreOffice shows: Err:502.
var libreError = regexp.MustCompile(`^err:\d{3}$`)

// isSheetError reports whether a text is what a sheet shows in place of a value that it cannot find
// or calculate, or has no room for: it is no value, not even of a name.
func isSheetError(text string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	return slices.Contains(sheetErrors, text) || libreError.MatchString(text) || len(text) > 2 && strings.Trim(text, "#") == ""
}
