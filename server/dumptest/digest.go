// Package dumptest makes and compares exports of whole workspaces, for tests and benchmarks of
// imports. It is never part of the product.
//
// Two workspaces are equal if their records are equal apart from bookkeeping, and refer to
// each other in the same way. Ids differ between workspaces, so the files cannot be
// compared byte by byte; and a file of a million records must not be held in memory. So each
// record gets a hash in which a reference is replaced by the hash of the record that it leads to,
// and the hashes of a kind are added up, whatever the order of the records.
package dumptest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Digest sums up the records of one kind. Equal digests mean equal records, unless somebody
// makes them equal on purpose.
type Digest struct {
	Records int64
	Sum     hash
}

// hash is a part of a SHA-256, or a sum of hashes. A sum does not depend on the order, and unlike
// an exclusive or it counts equal records.
type hash [2]uint64

func hashOf(parts ...[]byte) (h hash) {
	// Names and JSON have no byte 0, and hashes have one length, so the parts can be told apart.
	sum := sha256.Sum256(bytes.Join(parts, []byte{0}))
	return hash{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])}
}

func (h hash) plus(other hash) hash { return hash{h[0] + other[0], h[1] + other[1]} }

func (h hash) bytes() []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, h[0]), h[1])
}

// bookkeeping are the members of a record that an import sets anew: they say which record it is
// in its workspace, and when and by which user it was saved there.
var bookkeeping = []string{"id", "handle", "version", "created_at", "created_by", "updated_at", "updated_by"}

// maxLine is the longest line of an export, in bytes. A record has at most some fields of 64 KiB.
const maxLine = 16 << 20

// Sum reads an export of a workspace and returns the digest of each kind. It holds one
// line in memory; what it must know of each record for the references to it, 32 bytes, is in a
// scratch file of each kind, which the caller makes and removes.
//
// A record is told apart from one with the same values by the records that refer to it: two
// companies of one name, each with a contact, differ from two of which one has both
// contacts. It is an error if the file is cut off, or if a record has a reference to one that
// does not come before it.
func Sum(export io.Reader, scratch func() (Scratch, error)) (map[string]Digest, error) {
	s := &summer{scratch: scratch, kinds: map[string]*kind{}, prefixes: map[string]*kind{}}
	lines := bufio.NewScanner(export)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for n := 1; lines.Scan(); n++ {
		if err := s.line(lines.Bytes()); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return s.digests()
}

// summer reads one export.
type summer struct {
	scratch  func() (Scratch, error)
	kinds    map[string]*kind // by name
	prefixes map[string]*kind // by the prefix of ids
	begun    bool
	counts   map[string]json.Number // of the last line
}

// line reads a line: the first, which is about the workspace, a record, or the counts.
func (s *summer) line(text []byte) error {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // a number is equal only to one with the same digits
	if err := decoder.Decode(&object); err != nil {
		return err
	}
	switch {
	case s.counts != nil:
		return fmt.Errorf("comes after the counts: %.80s", text)
	case object["crmkit"] != nil:
		s.begun = true
		return nil
	case !s.begun:
		return fmt.Errorf("no export of a workspace begins with %.80s", text)
	case object["end"] != nil:
		var last struct{ Counts map[string]json.Number }
		err := json.Unmarshal(text, &last)
		s.counts = last.Counts
		return err
	}
	return s.record(object)
}

// link is a reference that a record has.
type link struct {
	field  string
	kind   *kind
	number int64
}

func (s *summer) record(object map[string]any) error {
	handle, _ := object["handle"].(string)
	name, id, _ := strings.Cut(handle, "/")
	prefix, number, err := parseID(id)
	if err != nil {
		return err
	}
	own, err := s.kind(name, prefix)
	if err != nil {
		return err
	}
	var links []link
	for field, value := range object {
		id, is := value.(string)
		if !is || !strings.HasSuffix(field, "_id") {
			continue
		}
		to, identity, err := s.follow(field, id)
		if err != nil {
			return fmt.Errorf("%s: %w", handle, err)
		}
		object[field], links = identity, append(links, to)
	}
	for _, field := range bookkeeping {
		delete(object, field)
	}
	text, err := json.Marshal(object) // sorted by name
	if err != nil {
		return err
	}
	h := hashOf([]byte(name), text)
	if err := own.add(number, h); err != nil {
		return fmt.Errorf("%s: %w", handle, err)
	}
	for _, to := range links {
		if err := to.kind.refer(to.number, hashOf([]byte(to.field), h.bytes())); err != nil {
			return err
		}
	}
	return nil
}

// kind returns the kind with the name, whose ids have the prefix.
func (s *summer) kind(name, prefix string) (*kind, error) {
	if k := s.kinds[name]; k != nil {
		return k, nil
	}
	file, err := s.scratch()
	k := &kind{file: file}
	s.kinds[name], s.prefixes[prefix] = k, k
	return k, err
}

// follow returns the record that an id names, and its hash as text.
func (s *summer) follow(field, id string) (to link, identity string, err error) {
	prefix, number, err := parseID(id)
	if err != nil {
		return to, "", fmt.Errorf("%s: %w", field, err)
	}
	k := s.prefixes[prefix]
	if k == nil {
		return to, "", fmt.Errorf("%s leads to %s, which is not above", field, id)
	}
	slot, err := k.read(number)
	if err == nil && slot.own == (hash{}) {
		err = fmt.Errorf("%s leads to %s, which is not above", field, id)
	}
	return link{field, k, number}, fmt.Sprintf("%x", slot.own), err
}

// digests returns the digests, after the counts of the last line were compared.
func (s *summer) digests() (map[string]Digest, error) {
	if s.counts == nil {
		return nil, fmt.Errorf("the export is incomplete: its last line with the counts is missing")
	}
	all := map[string]Digest{}
	var read int64
	for name, k := range s.kinds {
		d, err := k.digest()
		if err != nil {
			return nil, err
		}
		all[name] = d
		read += d.Records
	}
	var counted int64
	for _, n := range s.counts {
		one, err := n.Int64()
		if err != nil {
			return nil, err
		}
		counted += one
	}
	if counted != read {
		return nil, fmt.Errorf("the export has %d records, and its last line says %d", read, counted)
	}
	return all, nil
}

// Differences names the kinds of which two exports have other records; it is empty if they are equal.
func Differences(one, other map[string]Digest) string {
	var list []string
	for _, side := range []map[string]Digest{one, other} {
		for name := range side {
			if one[name] != other[name] {
				list = append(list, fmt.Sprintf("%s: %d and %d records, which differ", name, one[name].Records, other[name].Records))
			}
		}
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), "; ")
}
