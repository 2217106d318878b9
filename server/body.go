package server

import (
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store"
)

// members reads the body as one strict JSON object, whatever the Content-Type
// says, so that a bare curl -d works.
func (rq *request) members() ([]crm.Member, *crm.Error) {
	data, fault := rq.bytes()
	if fault != nil {
		return nil, fault
	}
	return object(data)
}

func object(data []byte) ([]crm.Member, *crm.Error) {
	members, err := crm.ReadObject(data)
	if err != nil {
		return nil, crm.Errorf(crm.BadJSON, "%s.", err)
	}
	return members, nil
}

// checkNotEncoded refuses bodies that are packed.
func (rq *request) checkNotEncoded() *crm.Error {
	if encoding := rq.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return crm.Errorf(crm.UnsupportedMedia, "the body is encoded as %s; send it plain.", crm.Quote(encoding))
	}
	if kind := rq.Header.Get("Content-Type"); strings.HasPrefix(strings.ToLower(kind), "multipart/") {
		return crm.Errorf(crm.UnsupportedMedia, "the body is a multipart form; send a JSON object (curl -d, not -F), or a file plain (curl --data-binary @FILE).")
	}
	return nil
}

// texts reads a body of plain text fields, those the route takes. It may be
// empty where none is required.
func (rq *request) texts() (map[string]string, *crm.Error) {
	allowed, required := rq.route.texts()
	values := map[string]string{}
	data, err := rq.bytes()
	if err != nil {
		return nil, err
	}
	if len(data) == 0 && len(required) == 0 {
		return values, nil
	}
	members, err := object(data)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if !slices.Contains(allowed, m.Name) {
			return nil, unknownField(m.Name, rq.route.Method+" "+rq.route.Pattern(), allowed)
		}
		text, ok := crm.Unquote(m.JSON)
		if digits := strings.Trim(m.JSON, "0123456789") == ""; digits && m.Name == "code" {
			text, ok = m.JSON, true
		}
		if !ok && m.JSON != "null" {
			return nil, crm.Errorf(crm.InvalidValue, "%s takes a string, not %s.", m.Name, crm.ShowJSON(m.JSON)).On(m.Name)
		}
		values[m.Name] = text
	}
	for _, name := range required {
		if strings.TrimSpace(values[name]) == "" {
			return nil, crm.Errorf(crm.MissingField, `%s is required; send {"%s":…}.`, name, strings.Join(allowed, `":…,"`)).On(name)
		}
	}
	return values, nil
}

// texts returns the names in Takes, and those that are required.
func (r *route) texts() (allowed, required []string) {
	for _, name := range r.RequestTypes {
		plain, must := strings.CutSuffix(name, "*")
		allowed = append(allowed, plain)
		if must {
			required = append(required, plain)
		}
	}
	return allowed, required
}

// draft reads the body as fields of the entity, and the expected version from
// it or from If-Match.
func (rq *request) draft(e *crm.Entity) (store.Draft, error) {
	members, err := rq.members()
	if err != nil {
		return store.Draft{}, rq.rows(e, err)
	}
	rq.take(e, members)
	d, err := decode(e, members, rq.env)
	if err != nil {
		return d, err
	}
	match, err := rq.ifMatch()
	if err != nil {
		return d, err
	}
	if match != 0 && d.Version != 0 && match != d.Version {
		return d, crm.Errorf(crm.InvalidValue, "If-Match says version %d and the body %d; send one of them.", match, d.Version).On("version")
	}
	d.Version = max(d.Version, match)
	return d, nil
}

// ifMatch returns the version of an If-Match header (RFC 9110 section 13.1.1),
// quoted as an ETag or bare; 0 when there is none, or for *.
func (rq *request) ifMatch() (int64, *crm.Error) {
	header := strings.TrimSpace(strings.Join(rq.Header.Values("If-Match"), ", "))
	if header == "*" || len(rq.Header.Values("If-Match")) == 0 {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.Trim(header, `"`), 10, 64)
	if err != nil || n < 1 {
		return 0, crm.Errorf(crm.InvalidValue, "If-Match: %s is not a version; send the number a record shows as version=.", crm.Quote(header)).On("If-Match")
	}
	return n, nil
}

// answered are the keys that answers add to a record. They are taken and
// dropped, so that a record can be sent back as it came.
var answered = []string{"result", "overdue", "about", "current", "replayed"}

// decode turns the members of a body into inputs for the entity's fields.
func decode(e *crm.Entity, members []crm.Member, env query.Env) (store.Draft, *crm.Error) {
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
				return d, crm.Errorf(crm.InvalidValue, "version takes the number a record shows, not %s.", crm.ShowJSON(m.JSON)).On(crm.FieldVersion)
			}
			d.Version = n
			continue
		}
		d.Inputs = append(d.Inputs, in)
	}
	return d, nil
}

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
			return crm.Input{}, crm.Errorf(crm.InvalidValue, "%s takes true or false, not %s.", f.Name, crm.ShowJSON(m.JSON)).On(f.Name)
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
	text, ok := crm.Unquote(m.JSON)
	if !ok {
		return crm.Input{}, crm.Errorf(crm.InvalidValue, "%s takes a JSON string or null, not %s.", f.Name, crm.ShowJSON(m.JSON)).On(f.Name)
	}
	if f.Type == crm.Ref {
		return decodeRef(e, f, text, env)
	}
	v, err := env.Normal(f, text)
	return crm.Input{Field: f, Value: v}, err
}

func decodeInt(f *crm.Field, json string) (crm.Input, *crm.Error) {
	n, err := strconv.ParseInt(json, 10, 64)
	if err != nil || n > crm.MaxInt || n < -crm.MaxInt {
		return crm.Input{}, crm.Errorf(crm.InvalidValue, "%s takes a whole JSON number between -%d and %d, not %s; send it without quotes or decimals.",
			f.Name, crm.MaxInt, crm.MaxInt, crm.ShowJSON(json)).On(f.Name)
	}
	return crm.Input{Field: f, Value: crm.Number(n)}, nil
}

func decodeRef(e *crm.Entity, f *crm.Field, text string, env query.Env) (crm.Input, *crm.Error) {
	to := e.Target(f)
	key, hint := env.Schema.Locate(to, env.Workspace, strings.TrimSpace(text))
	if hint != "" {
		return crm.Input{}, crm.Errorf(crm.ReferenceNotFound, "%s: %s. Find the %s with %s.", f.Name, hint, to.Name, query.Finding(to, text)).On(f.Name)
	}
	return crm.Input{Field: f, Value: crm.Key(key)}, nil
}

func decodeTags(f *crm.Field, json string) (crm.Input, *crm.Error) {
	if json[0] != '{' {
		tags, err := tagList(f, json)
		return crm.Input{Field: f, Value: crm.Labels(tags)}, err
	}
	in := crm.Input{Field: f, Mode: crm.EditTags}
	for _, m := range crm.ParseObject(json) {
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
			return in, unknownField(m.Name, f.Name, []string{"add", "remove"})
		}
	}
	return in, nil
}

func tagList(f *crm.Field, json string) ([]string, *crm.Error) {
	raw, ok := crm.ParseItems(json, crm.MaxTags)
	if !ok {
		return nil, crm.Errorf(crm.InvalidValue, `%s takes a list like ["vip","eu"], or {"add":[…],"remove":[…]}, not %s.`, f.Name, crm.ShowJSON(json)).On(f.Name)
	}
	if len(raw) > crm.MaxTags {
		return nil, crm.TooMany(f.Name, crm.MaxTags, "labels", "Send fewer; put what has many values into custom, or into records of their own.")
	}
	var tags []string
	seen := map[string]bool{}
	for _, item := range raw {
		text, ok := crm.Unquote(item)
		if !ok {
			return nil, crm.Errorf(crm.InvalidValue, "%s holds %s; every tag is a string.", f.Name, crm.ShowJSON(item)).On(f.Name)
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

func decodeObject(f *crm.Field, json string) (crm.Input, *crm.Error) {
	in := crm.Input{Field: f, Mode: crm.MergeMembers}
	if json[0] != '{' {
		return in, crm.Errorf(crm.InvalidValue, `%s takes an object like {"plan":"pro","seats":12}, not %s.`, f.Name, crm.ShowJSON(json)).On(f.Name)
	}
	var set []crm.Member
	size := 0
	for _, m := range crm.ParseObject(json) {
		if m.Name == "" || len(m.Name) > crm.MaxMemberName {
			return in, crm.Errorf(crm.InvalidValue, "%s: a key has 1 to %d bytes, %s does not.", f.Name, crm.MaxMemberName, crm.Quote(m.Name)).On(f.Name)
		}
		if m.JSON == "null" {
			in.Remove = append(in.Remove, m.Name)
			continue
		}
		if size += len(m.Name) + len(m.JSON); size > crm.MaxObjectSize {
			return in, crm.Errorf(crm.InvalidValue, "%s holds more than the %d bytes that are kept of all its keys and values, at %s; nothing was saved. Send less, or log the rest as activities.",
				f.Name, crm.MaxObjectSize, crm.Quote(m.Name)).On(f.Name)
		}
		set = append(set, m)
	}
	in.Value = crm.Members(set)
	return in, nil
}
