package crm

import (
	"io"
	"strings"

	"crmkit/crm/norm"
)

// A record's key is one integer: the number of the workspace in the upper bits, and the number
// of the record within workspace and entity in the lower ones. So every key, and every index
// that ends with it, belongs to one workspace.
const (
	keyBits   = 40
	keyMask   = 1<<keyBits - 1
	idAlpha   = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's base 32
	minDigits = 2
)

// RecordKey returns the key of the record with a number in a workspace.
func RecordKey(workspace, number int64) int64 { return workspace<<keyBits | number }

// RecordNumber returns the number of a record within its workspace and kind.
func RecordNumber(key int64) int64 { return key & keyMask }

// RecordWorkspace returns the number of the workspace that a record's key belongs to.
func RecordWorkspace(key int64) int64 { return key >> keyBits }

// RecordID returns the id of a record: prefix, number in base 32 and two check characters. The
// first check character depends on entity and number, the second on the workspace too. So an
// id that was invented, mistyped or copied from another workspace is recognised without a
// read, in 31 of 32 cases by each character. They protect against mistakes, not against an
// attacker: the store checks the workspace of every record.
func RecordID(prefix string, key int64) string {
	return string(AppendID(make([]byte, 0, 16), prefix, key))
}

// AppendID appends the id that RecordID returns.
func AppendID(b []byte, prefix string, key int64) []byte {
	number := RecordNumber(key)
	b = append(b, prefix...)
	b = append(b, '_')
	digits := minDigits
	for number>>(5*digits) > 0 {
		digits++
	}
	for i := digits - 1; i >= 0; i-- {
		b = append(b, idAlpha[number>>(5*i)&31])
	}
	self, bound := checks(prefix, key)
	return append(b, self, bound)
}

// checks returns the check characters: one over kind and number, one over
// workspace, kind and number.
func checks(prefix string, key int64) (self, bound byte) {
	h := uint64(14695981039346656037) // FNV-1a, then a finaliser to spread the low bits
	for i := 0; i < len(prefix); i++ {
		h = (h ^ uint64(prefix[i])) * 1099511628211
	}
	return idAlpha[scramble(h^uint64(RecordNumber(key)))&31], idAlpha[scramble(h^uint64(key)*31)&31]
}

// scramble mixes the bits of a hash (the finaliser of MurmurHash3), since FNV-1a alone leaves
// the low bits of similar inputs similar.
func scramble(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// IDFault says why an id does not belong to a workspace.
type IDFault string

// The faults, in the words of a hint.
const (
	IDOK             IDFault = ""
	IDMalformed      IDFault = "is not an id"
	IDWrongCheck     IDFault = "was mistyped or invented: its check characters are wrong"
	IDOtherWorkspace IDFault = "is not an id of this workspace: it is from another workspace, or its last character is wrong"
)

// ParseID returns the key of an id of the entity within a workspace, or the fault of the id.
// Each key has one id: leading zeros beyond the minimum are refused.
func ParseID(e *Entity, workspace int64, id string) (int64, IDFault) {
	return ParsePrefixedID(e.Prefix, workspace, id)
}

// ParsePrefixedID is ParseID for ids of what is no entity.
func ParsePrefixedID(prefix string, workspace int64, id string) (int64, IDFault) {
	digits, found := strings.CutPrefix(id, prefix+"_")
	if !found || len(digits) < minDigits+2 || len(digits) > 10 {
		return 0, IDMalformed
	}
	number := int64(0)
	for i := 0; i < len(digits)-2; i++ {
		d := strings.IndexByte(idAlpha, digits[i])
		if d < 0 {
			return 0, IDMalformed
		}
		number = number<<5 | int64(d)
	}
	if number == 0 || number > keyMask || (digits[0] == '0' && len(digits) > minDigits+2) {
		return 0, IDMalformed
	}
	key := RecordKey(workspace, number)
	self, bound := checks(prefix, key)
	switch {
	case digits[len(digits)-2] != self:
		return 0, IDWrongCheck
	case digits[len(digits)-1] != bound:
		return 0, IDOtherWorkspace
	}
	return key, IDOK
}

// CutHandle returns the id of a handle (kind/id) or of a bare id.
func CutHandle(s string) string {
	if _, id, found := strings.Cut(s, "/"); found {
		return id
	}
	return s
}

// RandomID returns prefix_ and 10 random characters, 50 bits, for users,
// workspaces, tokens, invites and audit entries.
func RandomID(prefix string, random io.Reader) (string, error) {
	var raw [10]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", err
	}
	for i, c := range raw {
		raw[i] = idAlpha[c&31]
	}
	return prefix + "_" + string(raw[:]), nil
}

// Locate returns the key of the record of an entity in a workspace whose id or handle a text
// is. If it is neither, hint is a sentence that says why. Locate does not check that the record
// exists.
func (s *Schema) Locate(e *Entity, workspace int64, text string) (key int64, hint string) {
	id := text
	if kind, rest, found := strings.Cut(text, "/"); found {
		if s.ByName(kind) == nil {
			return 0, norm.Quote(text) + " is not a handle; the handle of " + Article(e.Name) + " looks like " + e.Name + "/" + e.Prefix + "_7k3q"
		}
		id = rest
	}
	if other := s.ByPrefix(id); other != nil && other != e || strings.Contains(text, "/") && !strings.HasPrefix(text, e.Name+"/") {
		if other == nil || other == e {
			return 0, norm.Quote(text) + " is not " + Article(e.Name) + "; send " + e.Name + "/" + e.Prefix + "_…, or the bare id"
		}
		if _, fault := ParseID(other, workspace, id); fault != IDOK && !other.IsView() {
			return 0, norm.Quote(text) + " is not the id of " + Article(e.Name) + ". It looks like the id of " + Article(other.Name) + ", but " + string(fault)
		}
		return 0, norm.Quote(text) + " is " + Article(other.Name) + ", not " + Article(e.Name) + "; its path is /" + other.Route() + "/" + norm.Quote(id)
	}
	key, fault := ParseID(e, workspace, id)
	switch {
	case fault == IDMalformed:
		return 0, norm.Quote(text) + " is not an id; the id of " + Article(e.Name) + " looks like " + e.Prefix + "_7k3q"
	case fault != IDOK:
		return 0, norm.Quote(text) + " " + string(fault)
	}
	return key, ""
}
