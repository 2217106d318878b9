package draft

import (
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store"
)

// answered are the keys that answers add to a record. Decode ignores them, so that a
// client can send a record back as it came.
var answered = []string{"result", "overdue", "about", "current", "replayed"}

// Decode turns the members of a body into a draft of the entity. Fields that clients
// cannot write are not refused: the store compares what was sent with what it has, so
// that a record that is sent back unchanged is accepted.
func Decode(e *crm.Entity, members []crm.Member, env query.Env) (store.Draft, *crm.Error) {
	d := store.Draft{Entity: e}
	for _, m := range members {
		if slices.Contains(answered, m.Name) {
			continue
		}
		in, err := decodeMember(e, m, env)
		if err != nil {
			return d, err
		}
		if m.Name == crm.FieldVersion {
			n, err := strconv.ParseInt(m.JSON, 10, 64)
			if err != nil || n < 1 {
				return d, crm.Errorf(crm.InvalidValue, "version takes the number a record shows, not %s.", norm.ShowJSON(m.JSON)).On(crm.FieldVersion)
			}
			d.Version = n
			continue
		}
		d.Inputs = append(d.Inputs, in)
	}
	return d, nil
}

// decodeMember turns one member into the input of its field. The path of a reference,
// like company, holds the name of the record referred to, which is compared only.
func decodeMember(e *crm.Entity, m crm.Member, env query.Env) (crm.Input, *crm.Error) {
	f := e.Field(m.Name)
	if f == nil {
		for i := range e.Fields {
			if r := &e.Fields[i]; r.Type == crm.Ref && r.Path() == m.Name {
				return crm.Input{Field: r, Mode: crm.CheckOnly, JSON: m.JSON, Label: true}, nil
			}
		}
		return crm.Input{}, unknownMember(e, m.Name)
	}
	if f.ReadOnly {
		return crm.Input{Field: f, Mode: crm.CheckOnly, JSON: m.JSON}, nil
	}
	if m.JSON == "null" || m.JSON == `""` {
		return crm.Input{Field: f}, nil
	}
	switch f.Type {
	case crm.Flag:
		if m.JSON != "true" && m.JSON != "false" {
			return crm.Input{}, crm.Errorf(crm.InvalidValue, "%s takes true or false, not %s.", f.Name, norm.ShowJSON(m.JSON)).On(f.Name)
		}
		return crm.Input{Field: f, Value: crm.Bool(m.JSON == "true")}, nil
	case crm.Int:
		return decodeInt(f, m.JSON)
	case crm.Spelled:
		return decodeAmount(f, m.JSON)
	case crm.Tags:
		return decodeTags(f, m.JSON)
	case crm.Object:
		return decodeObject(f, m.JSON)
	}
	text, ok := norm.Unquote(m.JSON)
	if !ok {
		return crm.Input{}, crm.Errorf(crm.InvalidValue, "%s takes a JSON string or null, not %s.", f.Name, norm.ShowJSON(m.JSON)).On(f.Name)
	}
	if f.Type == crm.Ref {
		return Ref(e, f, text, env)
	}
	v, err := env.Normal(f, text)
	return crm.Input{Field: f, Value: v}, err
}

// decodeInt reads a whole number that JavaScript clients can hold exactly.
func decodeInt(f *crm.Field, json string) (crm.Input, *crm.Error) {
	n, err := strconv.ParseInt(json, 10, 64)
	if err != nil || n > norm.MaxInt || n < -norm.MaxInt {
		return crm.Input{}, crm.Errorf(crm.InvalidValue, "%s takes a whole JSON number between -%d and %d, not %s; send it without quotes or decimals.",
			f.Name, norm.MaxInt, norm.MaxInt, norm.ShowJSON(json)).On(f.Name)
	}
	return crm.Input{Field: f, Value: crm.Number(n)}, nil
}

// Ref decodes a reference of the entity: an id or a handle of this workspace. That the
// record exists is checked when the draft is saved.
func Ref(e *crm.Entity, f *crm.Field, text string, env query.Env) (crm.Input, *crm.Error) {
	to := e.Target(f)
	key, hint := env.Schema.Locate(to, env.Workspace, strings.TrimSpace(text))
	if hint != "" {
		return crm.Input{}, crm.Errorf(crm.ReferenceNotFound, "%s: %s. Find the %s with %s.", f.Name, hint, to.Name, query.Finding(to, text)).On(f.Name)
	}
	return crm.Input{Field: f, Value: crm.Key(key)}, nil
}

// decodeTags reads a list, which replaces the tags of the record, or an object with the
// tags to add and to remove.
func decodeTags(f *crm.Field, json string) (crm.Input, *crm.Error) {
	if json[0] != '{' {
		tags, err := tagList(f, json)
		return crm.Input{Field: f, Value: crm.Labels(tags)}, err
	}
	in := crm.Input{Field: f, Mode: crm.EditTags}
	for _, m := range norm.ParseObject(json) {
		tags, err := tagList(f, m.JSON)
		if err != nil {
			return in, err
		}
		switch m.Name {
		case "add":
			in.Value = crm.Labels(tags)
		case "remove":
			in.Remove = tags
		default:
			return in, UnknownField(m.Name, f.Name, []string{"add", "remove"})
		}
	}
	return in, nil
}

// tagList reads tags without repeating any. Of a list that is too long it reads no more
// than the limit.
func tagList(f *crm.Field, json string) ([]string, *crm.Error) {
	raw, ok := norm.ParseItems(json, crm.MaxTags)
	if !ok {
		return nil, crm.Errorf(crm.InvalidValue, `%s takes a list like ["vip","eu"], or {"add":[…],"remove":[…]}, not %s.`, f.Name, norm.ShowJSON(json)).On(f.Name)
	}
	if len(raw) > crm.MaxTags {
		return nil, crm.TooMany(f.Name, crm.MaxTags, "labels", "Send fewer; put what has many values into custom, or into records of their own.")
	}
	var tags []string
	seen := map[string]bool{}
	for _, item := range raw {
		text, ok := norm.Unquote(item)
		if !ok {
			return nil, crm.Errorf(crm.InvalidValue, "%s holds %s; every tag is a string.", f.Name, norm.ShowJSON(item)).On(f.Name)
		}
		tag, err := query.Tag(f, text)
		if err != nil {
			return nil, err
		}
		if !seen[tag] {
			seen[tag] = true
			tags = append(tags, tag)
		}
	}
	return tags, nil
}

// decodeObject reads an object whose members are merged into those of the record; null
// removes one.
func decodeObject(f *crm.Field, json string) (crm.Input, *crm.Error) {
	in := crm.Input{Field: f, Mode: crm.MergeMembers}
	if json[0] != '{' {
		return in, crm.Errorf(crm.InvalidValue, `%s takes an object like {"plan":"pro","seats":12}, not %s.`, f.Name, norm.ShowJSON(json)).On(f.Name)
	}
	var set []crm.Member
	size := 0
	for _, m := range norm.ParseObject(json) {
		if m.Name == "" || len(m.Name) > crm.MaxMemberName {
			return in, crm.Errorf(crm.InvalidValue, "%s: a key has 1 to %d bytes, %s does not.", f.Name, crm.MaxMemberName, norm.Quote(m.Name)).On(f.Name)
		}
		if m.JSON == "null" {
			in.Remove = append(in.Remove, m.Name)
			continue
		}
		if size += len(m.Name) + len(m.JSON); size > crm.MaxObjectSize {
			return in, crm.Errorf(crm.InvalidValue, "%s holds more than the %d bytes that are kept of all its keys and values, at %s; nothing was saved. Send less, or log the rest as activities.",
				f.Name, crm.MaxObjectSize, norm.Quote(m.Name)).On(f.Name)
		}
		set = append(set, m)
	}
	in.Value = crm.Members(set)
	return in, nil
}
