package fieldtype

import (
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Choice is one of the values of its field, whatever its case. An ordered one has its
// place among them in the folded column, and is sorted and compared by that.
var Choice crm.Type = choiceType{}

type choiceType struct{ base }

func (choiceType) String() string { return "choice" }

// Fold is the place of a ranked word, so that SQL sorts and compares by rank without knowing
// the words.
func (choiceType) Fold(f *crm.Field, text string) string {
	if f.Choices.Ordered {
		return strconv.Itoa(slices.Index(f.Choices.Values, text))
	}
	return norm.Fold(text)
}

// Parse takes any case and stores the word as the schema writes it. The error lists the
// words, because an agent that guessed wrong can then send a right one.
func (choiceType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	for _, word := range f.Choices.Values {
		if strings.EqualFold(word, text) {
			return crm.Str(word), nil
		}
	}
	return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s cannot be %s; it is one of %s.", f.Name, norm.Quote(text), strings.Join(f.Choices.Values, ", ")).
		On(f.Name).Of(text, f.Choices.Values)
}

func (choiceType) Schema(f *crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", Enum: f.Choices.Values}
}
