package fieldtype

import "crmkit/crm"

// Word is a word of the server, like a scope. It is compared exactly.
var Word crm.Type = wordType{}

type wordType struct{ base }

func (wordType) String() string { return "word" }

func (wordType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByText, Ordered: true, Parts: true, Null: true}
}
