package pipeline

import (
	"slices"
	"strings"
	"unicode"

	"crmkit/crm/norm"
)

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
	Won: strings.Fields("gewonnen gagne gagnee ganado ganada vinto vinta ganho ganha ganhou 受注 赢单"),
	Lost: strings.Fields(`verloren perdu perdue perdido perdida perso persa perdeu 失注 输单
		cancelled canceled abandoned storniert abgebrochen geannuleerd annule annulee abandonne abandonnee cancelado cancelada abandonado annullato annullata`),
}

// Means returns the position of the value that a word means, or -1: the value itself in any case
// or in another language, or with a closing word before it, in any spelling: Closed Won,
// closedwon, Closed (Lost).
func Means(word string, values []string) int {
	text := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, norm.Fold(word))
	return slices.IndexFunc(values, func(value string) bool {
		return endsWith(text, value) || slices.ContainsFunc(outcomes[value], func(word string) bool { return endsWith(text, word) })
	})
}

// endsWith reports whether a text is a word, alone or behind a closing word.
func endsWith(text, word string) bool {
	first, ends := strings.CutSuffix(text, word)
	return ends && (first == "" || slices.Contains(closing, first))
}
