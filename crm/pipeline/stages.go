package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"crmkit/crm/norm"
)

// written is a stage in the JSON of a request, and of the record of its pipeline.
type written struct {
	Name        string          `json:"name"`
	Probability *int64          `json:"probability,omitempty"`
	StaleAfter  string          `json:"stale_after,omitempty"`
	Is          string          `json:"is,omitempty"`
	Was         json.RawMessage `json:"was,omitempty"`

	Kind  string `json:"kind,omitempty"`  // as answers show it
	Place int64  `json:"place,omitempty"` // follows from the order
}

// members are the keys of a stage.
var members = []string{"name", "probability", "stale_after", "is", "was"}

// maxName is the maximum length of the name of a stage, in characters: that of the field stage.
const maxName = 200

// maxWas is how many former names of a stage are kept.
const maxWas = 20

// ReadStages reads the stages of a pipeline from JSON. wrong is a sentence that says what is wrong
// with it, empty if nothing is.
func ReadStages(text string) (stages []Stage, wrong string) {
	var items []json.RawMessage
	if err := json.Unmarshal([]byte(text), &items); err != nil {
		return nil, `stages takes a list like [{"name":"lead","probability":10},{"name":"won","is":"won"}]`
	}
	if len(items) == 0 || len(items) > MaxStages {
		return nil, fmt.Sprintf("a pipeline has 1 to %d stages, not %d", MaxStages, len(items))
	}
	for i, item := range items {
		s, wrong := readStage(item)
		if wrong != "" {
			return nil, fmt.Sprintf("stage %d %s", i+1, wrong)
		}
		s.Place = int64(i + 1)
		stages = append(stages, s)
	}
	return stages, clash(stages)
}

// readStage reads one stage. wrong goes on a sentence that begins with the stage.
func readStage(item []byte) (s Stage, wrong string) {
	var w written
	decoder := json.NewDecoder(bytes.NewReader(item))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&w); err != nil {
		return s, misread(err)
	}
	w.Name = strings.TrimSpace(w.Name)
	s = Stage{Name: w.Name, Probability: w.Probability, Is: w.Is}
	named := fmt.Sprintf("(%s) ", norm.Quote(w.Name))
	switch {
	case w.Name == "" || utf8.RuneCountInString(w.Name) > maxName:
		return s, fmt.Sprintf("needs a name of at most %d characters", maxName)
	case strings.ContainsFunc(w.Name, func(r rune) bool { return r < ' ' }):
		return s, "has a name with a line break"
	case w.Probability != nil && (*w.Probability < 0 || *w.Probability > 100):
		return s, named + "has the probability " + strconv.FormatInt(*w.Probability, 10) + "; write percent, 0 to 100"
	case w.Is != "" && !slices.Contains(Outcomes(), w.Is):
		return s, named + "has is=" + norm.Quote(w.Is) + `; write "won" or "lost", or leave it out`
	}
	if at := Means(w.Name, Outcomes()); at >= 0 && w.Is != Outcomes()[at] {
		return s, fmt.Sprintf(`%shas a name that means %s; send "is":"%[2]s" with it`, named, Outcomes()[at])
	}
	var ok bool
	if s.StaleAfter, ok = readSpan(w.StaleAfter); !ok {
		return s, named + "has stale_after=" + norm.Quote(w.StaleAfter) + `; write hours, days or weeks, like "36h", "14d" or "2w"`
	}
	if s.Was, ok = readNames(w.Was); !ok {
		return s, named + "has was=" + norm.ShowJSON(string(w.Was)) + `; write the name that it had before, or a list of names`
	}
	return s, ""
}

// takes says what each key of a stage takes.
var takes = map[string]string{"name": "a text", "probability": "a whole number, 0 to 100", "stale_after": `a text like "14d"`, "is": `"won" or "lost"`}

// misread says why an item is no stage.
func misread(err error) string {
	var mismatch *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &mismatch):
		_, key, _ := strings.Cut(err.Error(), "unknown field ")
		return "has the key " + key + "; a stage has " + strings.Join(members, ", ")
	case takes[mismatch.Field] == "":
		return `is a ` + mismatch.Value + `; write an object like {"name":"lead","probability":10}`
	}
	return "has a " + mismatch.Value + " as " + mismatch.Field + ", which takes " + takes[mismatch.Field]
}

// readSpan reads a number of hours, days or weeks; no text is no time.
func readSpan(text string) (ms int64, ok bool) {
	if text == "" {
		return 0, true
	}
	unit, known := map[byte]int64{'h': day / 24, 'd': day, 'w': 7 * day}[text[len(text)-1]]
	n, err := strconv.ParseInt(text[:len(text)-1], 10, 32)
	return n * unit, known && err == nil && n > 0 && n <= 10_000
}

// span writes a time as readSpan reads it.
func span(ms int64) string {
	switch {
	case ms == 0:
		return ""
	case ms%day == 0:
		return strconv.FormatInt(ms/day, 10) + "d"
	}
	return strconv.FormatInt(ms/(day/24), 10) + "h"
}

// readNames reads one name or a list of them.
func readNames(text []byte) (names []string, ok bool) {
	var one string
	switch {
	case len(text) == 0 || string(text) == "null":
		return nil, true
	case json.Unmarshal(text, &one) == nil:
		names = []string{one}
	case json.Unmarshal(text, &names) != nil:
		return nil, false
	}
	for _, name := range names {
		if name == "" || utf8.RuneCountInString(name) > maxName {
			return nil, false
		}
	}
	return names, len(names) <= maxWas
}

// clash returns what is wrong with stages together.
func clash(stages []Stage) string {
	names, outcomes := map[string]bool{}, map[string]bool{}
	for _, s := range stages {
		fold := norm.Fold(s.Name)
		switch {
		case names[fold]:
			return "two stages are called " + norm.Quote(s.Name)
		case outcomes[s.Is]:
			return "two stages have is=" + s.Is + "; a pipeline has one of each"
		}
		names[fold], outcomes[s.Is] = true, s.Is != ""
	}
	for _, s := range stages {
		for _, was := range s.Was {
			if names[norm.Fold(was)] {
				return "was=" + norm.Quote(was) + " is the name of a stage; a former name belongs to no stage now"
			}
		}
	}
	return ""
}

// WriteStages returns stages in the JSON in which they are stored.
func WriteStages(stages []Stage) string {
	list := make([]written, len(stages))
	for i, s := range stages {
		list[i] = written{Name: s.Name, Probability: s.Probability, StaleAfter: span(s.StaleAfter), Is: s.Is}
		if len(s.Was) > 0 {
			list[i].Was = []byte(norm.QuoteList(s.Was))
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(list) // cannot fail: texts and numbers
	return strings.TrimSuffix(b.String(), "\n")
}

// StaleText returns after which time records in the stage are stale, as requests write it; empty: never.
func (s Stage) StaleText() string { return span(s.StaleAfter) }
