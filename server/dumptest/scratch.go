package dumptest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Scratch is a file that is empty at first, such as an *os.File.
type Scratch interface {
	io.ReaderAt
	io.WriterAt
}

// kind has the records of a kind that were read so far, each in a slot of its file. The place of a
// slot follows from the number in the id, so nothing about a record is held in memory.
type kind struct {
	file Scratch
	last int64 // the highest number
}

// slot is what is known of a record: the hash of its values, and the sum of the hashes of the
// references to it. An empty slot has no record.
type slot struct{ own, referring hash }

const slotSize = 32

// add stores the hash of a record.
func (k *kind) add(number int64, h hash) error {
	had, err := k.read(number)
	if err != nil {
		return err
	}
	if had.own != (hash{}) {
		return errors.New("the file has it twice")
	}
	k.last = max(k.last, number)
	return k.write(number, slot{own: h})
}

// refer adds a reference to a record.
func (k *kind) refer(number int64, h hash) error {
	to, err := k.read(number)
	if err != nil {
		return err
	}
	to.referring = to.referring.plus(h)
	return k.write(number, to)
}

func (k *kind) read(number int64) (slot, error) {
	if number > k.last {
		return slot{}, nil
	}
	var b [slotSize]byte
	_, err := k.file.ReadAt(b[:], number*slotSize)
	return decodeSlot(b[:]), err
}

func decodeSlot(b []byte) (s slot) {
	for i := range 2 {
		s.own[i] = binary.LittleEndian.Uint64(b[8*i:])
		s.referring[i] = binary.LittleEndian.Uint64(b[16+8*i:])
	}
	return s
}

func (k *kind) write(number int64, s slot) error {
	_, err := k.file.WriteAt(append(s.own.bytes(), s.referring.bytes()...), number*slotSize)
	return err
}

// digest adds up all records.
func (k *kind) digest() (d Digest, err error) {
	in := bufio.NewReaderSize(io.NewSectionReader(k.file, 0, (k.last+1)*slotSize), 64<<10)
	var b [slotSize]byte
	for range k.last + 1 {
		if _, err := io.ReadFull(in, b[:]); err != nil {
			return d, err
		}
		if s := decodeSlot(b[:]); s.own != (hash{}) {
			d.Records++
			d.Sum = d.Sum.plus(hashOf(s.own.bytes(), s.referring.bytes()))
		}
	}
	return d, nil
}

// maxNumber is the highest number of a record that is read. A slot is found by the number, so an
// invented id would else make a file of any length.
const maxNumber = 1 << 30

// parseID returns the prefix of an id like c_7k3q, and the number that its digits are, without the
// two check characters at its end.
func parseID(id string) (prefix string, number int64, err error) {
	prefix, digits, found := strings.Cut(id, "_")
	if !found || len(digits) < 4 {
		return "", 0, fmt.Errorf("%q is no id", id)
	}
	for _, digit := range []byte(digits[:len(digits)-2]) {
		d := strings.IndexByte("0123456789abcdefghjkmnpqrstvwxyz", digit)
		if number = number<<5 | int64(d); d < 0 || number > maxNumber {
			return "", 0, fmt.Errorf("%q is no id, or beyond number %d", id, maxNumber)
		}
	}
	return prefix, number, nil
}
