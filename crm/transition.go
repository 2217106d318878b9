package crm

import (
	"slices"
	"strings"
	"unicode"

	"crmkit/crm/norm"
)

// applied is what a change does to the field of a transition: whether it was sent, and when.
type applied struct {
	sent bool
	now  int64
}

// transition sets the field at a position when the field that it follows has changed.
func (e *Entity) transition(own int, before, after []Value, c applied) *Error {
	f := &e.Fields[own]
	t := f.Transition()
	switch {
	case t == nil:
	case f.Type.Kind() == TimeKind:
		return t.setTime(e, own, [2][]Value{before, after}, c)
	case !c.sent:
		t.setWord(e, own, before, after)
	}
	return nil
}

// setWord sets the field if the other field has just become one of the values.
func (t *Transition) setWord(e *Entity, own int, before, after []Value) {
	i := e.Index(t.Of)
	if at := t.index(after[i]); at >= 0 && !after[i].Equal(before[i]) {
		after[own] = Str(t.Values[at])
	}
}

// setTime sets the time to now if the other field has just become one of the values, and unsets
// it if the other field has none of them. A change from one of the values to another does not
// change the time. A time that a client sends is kept, if the other field has one of the values.
func (t *Transition) setTime(e *Entity, own int, values [2][]Value, c applied) *Error {
	before, after := values[0], values[1]
	i := e.Index(t.Of)
	switch is, was := t.index(after[i]) >= 0, t.index(before[i]) >= 0; {
	case !is && c.sent && after[own].Set() && !after[own].Equal(before[own]):
		return Errorf(InvalidValue, "%s can only be set when %s is %s, and it is %s; send %s too.", e.Fields[own].Name, t.Of, strings.Join(t.Values, " or "), after[i].Text, t.Of).On(e.Fields[own].Name).
			ForRow("%s can only be set when %s is %s, and in this row it is %s; add a column %s with one of these words, or empty the cell of %s.",
				e.Fields[own].Name, t.Of, strings.Join(t.Values, " or "), after[i].Text, t.Of, e.Fields[own].Name)
	case !is:
		after[own] = Value{}
	case !was && !c.sent:
		after[own] = truncateSecond(c.now)
	}
	return nil
}

// Means returns the value that a text of the other field means, as Closed Won means won; ok is
// false if it means none.
func (t *Transition) Means(text string) (value string, ok bool) {
	if at := t.index(Str(text)); at >= 0 {
		return t.Values[at], true
	}
	return "", false
}

// closing are the words that people and products write before the word of an outcome: Closed Won,
// deal lost, Geschlossen und gewonnen, Fermé perdu. The words are folded, without blanks.
var closing = strings.Fields(`closed close deal opportunity
	geschlossen geschlossenund abgeschlossen abgeschlossenund abschluss auftrag
	ferme fermee fermeet fermeeet cloture cloturee clos close affaire
	cerrado cerrada cerradoy cerraday cierre negocio
	chiuso chiusa chiusoe chiusae trattativa
	gesloten geslotenen
	fechado fechada fechadoe fechadae`)

// outcomes are the words for an outcome, folded: in other languages (German and Dutch, French, Spanish,
// Italian, Portuguese, Japanese, and Chinese), and for a deal that was given up.
var outcomes = map[string][]string{
	"won": strings.Fields("gewonnen gagne gagnee ganado ganada vinto vinta ganho ganha ganhou 受注 赢单"),
	"lost": strings.Fields(`verloren perdu perdue perdido perdida perso persa perdeu 失注 输单
		cancelled canceled abandoned storniert abgebrochen geannuleerd annule annulee abandonne abandonnee cancelado cancelada abandonado annullato annullata`),
}

// index returns the position of the value that a word means, or -1: the value itself in any case
// or in another language, or with a closing word before it, in any spelling: Closed Won,
// closedwon, Closed (Lost).
func (t *Transition) index(v Value) int {
	text := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, norm.Fold(v.Text))
	return slices.IndexFunc(t.Values, func(value string) bool {
		return endsWith(text, value) || slices.ContainsFunc(outcomes[value], func(word string) bool { return endsWith(text, word) })
	})
}

// endsWith reports whether a text is a word, alone or behind a closing word.
func endsWith(text, word string) bool {
	first, ends := strings.CutSuffix(text, word)
	return ends && (first == "" || slices.Contains(closing, first))
}
