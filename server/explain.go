package server

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/query/operand"
	"crmkit/store"
)

// explain says why a list is empty: which conditions match nothing even alone, and which
// values are in use. An agent that misspells a value would otherwise take the empty list
// for the answer. It reads the view of the list, so that it never names a value that the list
// should have found.
func (s *Server) explain(v *store.View, e *crm.Entity, params url.Values, env query.Env) ([]string, error) {
	parts, all, fault := query.Conditions(e, params, env)
	if fault != nil {
		return nil, fault
	}
	var remarks []string
	for _, part := range parts {
		if part.Plural != "" && len(remarks) > 0 {
			break // it follows from one of them
		}
		if len(parts) == 1 && all { // it is the whole list
			remark, err := s.explainPart(v, part)
			return []string{remark}, err
		}
		page, err := v.List(part.Question)
		if err != nil {
			return nil, err
		}
		if len(page.Records) > 0 {
			continue // alone it is not the reason
		}
		remark, err := s.explainPart(v, part)
		if err != nil {
			return nil, err
		}
		remarks = append(remarks, remark)
	}
	if len(remarks) == 0 && len(parts) > 1 && all {
		remarks = append(remarks, "each condition alone matches something, but no record matches all of them")
	}
	return remarks, nil
}

// finds says what a search can find, for a client whose search found nothing. That depends on
// the text index: it may be off, not yet built, or too small for the workspace.
func (s *Server) finds(v *store.View, kinds ...*crm.Entity) (string, error) {
	if !s.store.KeepsWords() {
		return "finds parts of words, but no misspelled ones, since the search index of this server is off: try fewer words, or a part of one", nil
	}
	for _, e := range kinds {
		forgiving, err := v.SupportsFuzzy(e)
		switch {
		case err != nil:
			return "", err
		case forgiving == store.FuzzySoon:
			return "finds parts of words, and soon misspelled ones too, when the search index is built: try again in a few seconds, or a part of a word", nil
		case forgiving == store.FuzzyOff:
			return "finds parts of words, but no misspelled ones, since the text of this workspace does not fit into the search index: try fewer words, or a part of one", nil
		}
	}
	return "finds parts of words, and words with a letter or two wrong: try fewer words, or a part of one", nil
}

// explainEach says which of the conditions of a part that matches nothing match nothing.
func (s *Server) explainEach(v *store.View, parts []query.Condition) (text string, err error) {
	for _, part := range parts {
		page, err := v.List(part.Question)
		if err != nil {
			return "", err
		}
		if len(page.Records) > 0 {
			continue
		}
		remark, err := s.explainPart(v, part)
		if err != nil {
			return "", err
		}
		text += "; " + remark
	}
	return text, nil
}

// explainPart says of a condition that matches nothing how to write it instead: like: for a part
// of a text, no wildcards, in: for several values, or one of the values in use.
func (s *Server) explainPart(v *store.View, part query.Condition) (string, error) {
	name, value := norm.Quote(part.Param), norm.Quote(part.Value)
	remark := name + "=" + value + " matches nothing"
	switch {
	case part.Plural != "":
		return "none of the " + part.Plural + " has all of " + norm.OneLine(part.Value) + ", although each alone matches; to ask about several of them use brackets, where=(…) and (…)", nil
	case len(part.Either) > 0:
		each, err := s.explainEach(v, part.Either)
		return remark + each, err
	}
	plain := strings.Trim(part.Operand, "%*")
	switch like := strings.HasPrefix(part.Value, "like:"); {
	case norm.Fold(plain) == "" || !like && !part.Text: // like: could not find it, or the field is no text
	case !like:
		return remark + " as a whole; for a part of it, whatever its capitals, write " + name + "=like:" + url.QueryEscape(plain), nil
	case plain != part.Operand:
		return remark + "; like: finds any part of the text and has no wildcards: write " + name + "=like:" + url.QueryEscape(plain), nil
	}
	if part.Param == "search" {
		finds, err := s.finds(v, part.Question.Entity)
		return remark + "; it " + finds, err
	}
	if part.ValuesSQL == "" {
		return remark, nil
	}
	inUse, err := v.ValuesInUse(part)
	if err != nil || len(inUse.Values) == 0 {
		return remark + "; no values of this field are in use", err
	}
	if part.Form != "" {
		return remark + "; " + compared(part, inUse), nil
	}
	remark += "; in use: " + listed(inUse)
	if strings.Contains(part.Operand, ",") && !strings.HasPrefix(part.Value, "in:") && !(part.Labels && strings.HasPrefix(part.Operand, "[")) {
		remark += "; to match any of several values write " + name + "=in:" + url.QueryEscape(part.Operand)
	}
	return remark, nil
}

// compared says as which type a condition compared custom values, and of which types those in
// use are. custom.seats=gte:10 compares numbers, and finds no seats that were saved as text.
func compared(part query.Condition, forms store.ValueCounts) string {
	if slices.ContainsFunc(forms.Values, func(in store.ValueCount) bool { return in.Value == part.Form }) {
		return "it was compared as " + part.Form + ", and none of the values in use is in that range: " + listed(forms)
	}
	text := "it was compared as " + part.Form + ", but the values in use are: " + listed(forms)
	written := map[string]string{operand.AsNumber: "a number like 10", operand.AsTime: "a time like 2026-06-10", operand.AsText: "text"}
	return text + "; to match them write " + written[forms.Values[0].Value]
}

// listed lists the values in use with their counts. Counts over a large workspace are of its
// newest records only, and say so.
func listed(inUse store.ValueCounts) string {
	least := ""
	if inUse.AtLeast {
		least = "at least "
	}
	var list []string
	for _, in := range inUse.Values {
		list = append(list, fmt.Sprintf("%s %s%d", norm.Quote(in.Value), least, in.N))
	}
	text := strings.Join(list, ", ")
	switch {
	case inUse.Rest > query.MaxRest:
		text += fmt.Sprintf(", and more than %d more", query.MaxRest)
	case inUse.Rest > 0:
		text += fmt.Sprintf(", and %s%d more", least, inUse.Rest)
	}
	if inUse.AtLeast {
		text += fmt.Sprintf(" (counted in the newest %d)", query.MaxScan)
	}
	return text
}
