package rows

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// TestLineEnds compares textReader with a naive model, for any line ends in any pieces.
func TestLineEnds(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 2))
	for range 5000 {
		var b strings.Builder
		for range random.IntN(20) {
			b.WriteString([]string{"a", "\r", "\n", "\r\n", "ü"}[random.IntN(5)])
		}
		file := b.String()
		want := strings.ReplaceAll(strings.ReplaceAll(file, "\r\n", "\n"), "\r", "\n")
		for _, in := range []io.Reader{strings.NewReader(file), iotest.OneByteReader(strings.NewReader(file)), iotest.DataErrReader(iotest.HalfReader(strings.NewReader(file)))} {
			text := &textReader{in: in}
			got, err := io.ReadAll(text)
			if string(got) != want || err != nil || text.lines != strings.Count(want, "\n") {
				t.Fatalf("seed %d: %q reads %q with %d lines, %v", seed, file, got, text.lines, err)
			}
		}
	}
}

// inUTF16 returns text in UTF-16 with a byte order mark.
func inUTF16(text string, order binary.AppendByteOrder) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// TestUTF16 decodes random texts in both orders, in any pieces.
func TestUTF16(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 3))
	for range 2000 {
		var text []rune
		for range random.IntN(30) {
			text = append(text, []rune("aüЖ日😀𐀀\n,")[random.IntN(8)])
		}
		for _, order := range []interface {
			binary.ByteOrder
			binary.AppendByteOrder
		}{binary.LittleEndian, binary.BigEndian} {
			file := inUTF16(string(text), order)
			for _, in := range []io.Reader{strings.NewReader(file), iotest.OneByteReader(strings.NewReader(file)), iotest.HalfReader(strings.NewReader(file))} {
				got, err := io.ReadAll(newUTF16Reader(in, order))
				if string(got) != byteOrderMark+string(text) || err != nil {
					t.Fatalf("seed %d: %q reads %q, %v", seed, string(text), got, err)
				}
			}
		}
	}
}

// TestBrokenUTF16 decodes half a character and half a pair.
func TestBrokenUTF16(t *testing.T) {
	for _, c := range []struct{ file, want, text string }{
		{"a\x00b", "its character 2 is incomplete", "a"},
		{"a\x00\x00\xd8", "its character 2 is incomplete", "a"},
		{"a\x00\x00\xdcb\x00", "its character 2 is incomplete", "a"},
		{"a\x00\x00\xd8b\x00", "its character 2 is incomplete", "a"},
		{strings.Repeat("a\x00", utf16Chunk) + "\x00\xd8b\x00", "its character 8193 is incomplete", strings.Repeat("a", utf16Chunk)},
	} {
		got, err := io.ReadAll(newUTF16Reader(strings.NewReader(c.file), binary.LittleEndian))
		if err == nil || !strings.Contains(err.Error(), c.want) || string(got) != c.text {
			t.Errorf("%.20q reads %.20q, %v", c.file, got, err)
		}
	}
}

// FuzzUTF16 compares the decoder with the standard library on any bytes that it accepts.
func FuzzUTF16(f *testing.F) {
	f.Add("a\x00\x3d\xd8\x00\xde")
	f.Fuzz(func(t *testing.T, file string) {
		got, err := io.ReadAll(newUTF16Reader(iotest.HalfReader(strings.NewReader(file)), binary.LittleEndian))
		var units []uint16
		for i := 0; i+2 <= len(file); i += 2 {
			units = append(units, binary.LittleEndian.Uint16([]byte(file[i:])))
		}
		if want := string(utf16.Decode(units)); err == nil && string(got) != want {
			t.Fatalf("%q reads %q, want %q", file, got, want)
		}
	})
}
