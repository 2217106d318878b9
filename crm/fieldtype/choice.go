package fieldtype

import (
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Choice is one word of a list that the field has, such as the status of a deal.
//
// It accepts the words in any case and stores them as the field lists them. Equality is
// that of words. If the choices are ordered, the folded column has the position of the word
// and lists are sorted and compared by it; otherwise they are sorted by the alphabet.
var Choice crm.Type = choiceType{}

type choiceType struct{ base }

func (choiceType) String() string { return "choice" }

// Comparison relies on choices that are their own folded forms, which crm.NewSchema checks.
func (choiceType) Comparison() crm.Comparison {
	how := base{}.Comparison()
	how.OwnFold = true
	return how
}

// Fold returns the position of a ranked word as one digit, so that SQL sorts by rank without
// knowing the words. A text column sorts digits by byte: that is why ten ranks are the most.
func (choiceType) Fold(f *crm.Field, text string) string {
	if f.Choices.Ordered {
		return strconv.Itoa(slices.Index(f.Choices.Values, text))
	}
	return norm.Fold(text)
}

// Parse lists the words in its error, so that an agent that guessed can send a right one
// without reading the manual.
func (choiceType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	for _, word := range f.Choices.Values {
		if strings.EqualFold(word, text) {
			return crm.Str(word), nil
		}
	}
	if word, known := f.Choices.Also[strings.ToLower(text)]; known {
		return crm.Str(word), nil
	}
	return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s cannot be %s; it is one of %s.", f.Name, norm.Quote(text), strings.Join(f.Choices.Values, ", ")).
		On(f.Name).Of(text, f.Choices.Values)
}

func (choiceType) Schema(f *crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", Enum: f.Choices.Values}
}
