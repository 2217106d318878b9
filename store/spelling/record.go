package spelling

import (
	"crmkit/crm"
	"crmkit/query"
)

// Source is the fields of an entity that give words.
type Source struct {
	Fields []*crm.Field
	once   []Count // of a word in each of them
}

// Sources returns the sources of words of the kinds of records that have some.
func Sources(schema *crm.Schema) map[*crm.Entity]Source {
	sources := map[*crm.Entity]Source{}
	for _, e := range schema.Entities {
		if source := SourceOf(e); !e.IsView() && len(source.Fields) > 0 {
			sources[e] = source
		}
	}
	return sources
}

// SourceOf returns the source of an entity. It has no fields if records of the entity give no words.
func SourceOf(e *crm.Entity) (s Source) {
	for _, f := range query.SearchFieldsOf(e).Own {
		if GivesWords(f) {
			s.Fields, s.once = append(s.Fields, f), append(s.once, Once(e, f))
		}
	}
	return s
}

// Changes returns what a change of a record adds to the counts of words. A record that does not
// exist has no values set.
func (s Source) Changes(before, after crm.Record) map[string]Count {
	changes := map[string]Count{}
	for i, f := range s.Fields {
		was, is := before.Value(f.Name), after.Value(f.Name)
		if was.Equal(is) {
			continue
		}
		add := func(v crm.Value, count Count) {
			EachWord([]byte(f.FoldOf(v)), func(word []byte) { changes[string(word)] = changes[string(word)].Plus(count) })
		}
		add(was, s.once[i].Times(-1))
		add(is, s.once[i])
	}
	for word, count := range changes {
		if count == (Count{}) {
			delete(changes, word)
		}
	}
	return changes
}
