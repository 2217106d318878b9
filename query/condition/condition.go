// Package condition parses the text of where=: conditions of a list that are joined with and, or and not.
//
//	where=(stage=in:lead,new or last_outreach=lt:-30d) and not owner=me
//
// A condition is field=[op:]value, as it would be a parameter of its own. A value with a blank or a bracket is
// in double quotes, as a whole or behind its operator, with \" and \\ for these characters; the quotes in a list of
// in: are those of the list. Words of the language are read in capitals too.
//
// The package knows no fields and no operators. A text that mixes and with or has two meanings, so it is
// refused; no order of precedence decides. What is parsed is bounded: MaxTerms conditions, MaxDepth brackets in
// each other.
package condition

import "strings"

// The limits of a text.
const (
	MaxTerms = 100 // conditions
	MaxDepth = 5   // brackets, and nots, in each other
)

// Op says how a node is made of others.
type Op int

// A node is a condition, or all, any or none of others.
const (
	Term Op = iota
	And
	Or
	Not
)

// Node is a part of a text.
type Node struct {
	Op    Op
	Kids  []Node // of And and Or at least two, of Not one
	Name  string // of a Term, before its equals sign
	Value string // of a Term, as a parameter would have it
	Text  string // as it was written, with its brackets
	At    int    // the character at which it begins, from 1

	Bracket int // of a Term, which of the brackets is the innermost around it; 0: none is
}

// Conjuncts returns the parts that must all hold: those of an And, or the node alone.
func (n Node) Conjuncts() []Node {
	if n.Op != And {
		return []Node{n}
	}
	var list []Node
	for _, kid := range n.Kids {
		list = append(list, kid.Conjuncts()...)
	}
	return list
}

// Terms returns the conditions in a node, without those behind a not, whose opposite is asked.
func (n Node) Terms() (list []Node) {
	switch n.Op {
	case Term:
		return []Node{n}
	case Not:
		return nil
	}
	for _, kid := range n.Kids {
		list = append(list, kid.Terms()...)
	}
	return list
}

// Error is what is wrong with a text.
type Error struct {
	At        int    // the character at which it is, from 1
	Message   string // a part of a sentence
	Readings  []string
	Ambiguous bool // it mixes and with or; Readings has both meanings
}

func (e *Error) Error() string { return e.Message }

// ambiguous returns the error for parts that are joined with and as well as or, with both meanings.
func ambiguous(parts []Node, joins []string, at int) *Error {
	return &Error{At: at, Ambiguous: true, Message: "and is mixed with or without brackets", Readings: []string{reading(parts, joins, "or"), reading(parts, joins, "and")}}
}

// reading returns the text in which the parts between two words of one kind are in brackets.
func reading(parts []Node, joins []string, outer string) string {
	var groups []string
	group := []string{parts[0].Text}
	end := func() {
		text := strings.Join(group, " ")
		if len(group) > 1 {
			text = "(" + text + ")"
		}
		groups = append(groups, text)
	}
	for i, join := range joins {
		if join == outer {
			end()
			group = nil
		} else {
			group = append(group, join)
		}
		group = append(group, parts[i+1].Text)
	}
	end()
	return strings.Join(groups, " "+outer+" ")
}
