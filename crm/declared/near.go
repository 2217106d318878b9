package declared

import (
	"strings"

	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// minNear is how many letters a name has at least of which another key may be a misspelling.
const minNear = 3

// Near returns the declared field for which a key was probably meant, custom.region for regoin: its name is one edit
// away, or differs in capitals. It returns "" for a key that is declared, and if there is no such field.
func (k *Kind) Near(key string) string {
	if k == nil || k.Member(key) != nil || k.Field(key) != nil || key == "" {
		return ""
	}
	lower := strings.ToLower(key)
	for _, f := range k.Fields {
		if len(f.Name) >= minNear && norm.Distance(f.Name, lower, 1) <= 1 {
			return Prefix + f.Name
		}
	}
	return ""
}

// KeyOfColumn returns the key of custom for which a column of a file is, by its name: region for Region and
// custom.region. It returns "" if no field has that name, or several have it and none exactly.
func (k *Kind) KeyOfColumn(name string) string {
	if k == nil {
		return ""
	}
	name = strings.TrimPrefix(name, Prefix)
	folded, like := products.Fold(name), ""
	for _, f := range k.Fields {
		for _, key := range append(keysOf(f), f.Name) {
			switch {
			case key == name:
				return key
			case products.Fold(key) == folded && like != "" && like != key:
				like = several
			case products.Fold(key) == folded:
				like = key
			}
		}
	}
	return strings.TrimSuffix(like, several)
}

// several stands for the keys of several fields. No field has that name.
const several = "?"

// keysOf returns the keys of custom that a field governs.
func keysOf(f *Field) (keys []string) {
	for _, m := range f.Members() {
		keys = append(keys, m.Key)
	}
	return keys
}
