package draft

import (
	"slices"
	"strconv"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store"
)

// answered are the keys that answers add to a record. Decode ignores them, so that a
// client can send a record back as it got it.
var answered = []string{"result", "overdue", "about", "current", "replayed"}

// Decode turns the members of a body into a draft of the entity. Fields that clients
// cannot write are not refused: the store compares the sent values with its own, so that a
// record that is sent back unchanged is accepted.
func Decode(e *crm.Entity, members []crm.Member, env query.Env) (store.Draft, *crm.Error) {
	d := store.Draft{Entity: e}
	members, fault := intoCustomKeys(e, members, env)
	if fault != nil {
		return d, fault
	}
	for _, m := range members {
		if slices.Contains(answered, m.Name) || shows(e, m.Name) {
			continue
		}
		in, err := decodeMember(e, m, env)
		if err != nil {
			return d, err
		}
		if m.Name == crm.FieldVersion {
			n, err := strconv.ParseInt(m.JSON, 10, 64)
			if err != nil || n < 1 {
				return d, crm.Errorf(crm.InvalidValue, "version must be the version number of the record, not %s.", norm.ShowJSON(m.JSON)).On(crm.FieldVersion)
			}
			d.Version = n
			continue
		}
		d.Inputs = append(d.Inputs, in)
	}
	return d, nil
}

// shows reports whether the answer of a fetched record has the records of a link under a name.
func shows(e *crm.Entity, name string) bool {
	return slices.ContainsFunc(e.Links, func(l crm.ManyToMany) bool { return l.Counted != "" && l.Via.Plural == name })
}

// decodeMember turns one member into the input of its field. The path of a reference,
// like company, holds the name of the record referred to, which is compared only.
func decodeMember(e *crm.Entity, m crm.Member, env query.Env) (crm.Input, *crm.Error) {
	f := e.Field(m.Name)
	if f == nil {
		for i := range e.Fields {
			if r := &e.Fields[i]; r.IsReference() && r.Path() == m.Name {
				return crm.Input{Field: r, Mode: crm.CheckOnly, JSON: m.JSON, Label: true}, nil
			}
		}
		return crm.Input{}, unknownMember(e, env.Shape.Kind(e), m.Name)
	}
	if f.ReadOnly {
		return crm.Input{Field: f, Mode: crm.CheckOnly, JSON: m.JSON}, nil
	}
	if m.JSON == "null" || m.JSON == `""` {
		return crm.Input{Field: f}, nil
	}
	return f.Type.Decode(env.Reader(e), f, m.JSON)
}

// Ref decodes a reference of the entity: an id or a handle of this workspace. That the
// record exists is checked when the draft is saved.
func Ref(e *crm.Entity, f *crm.Field, text string, env query.Env) (crm.Input, *crm.Error) {
	v, err := f.Type.Parse(env.Reader(e), f, text)
	return crm.Input{Field: f, Value: v}, err
}
