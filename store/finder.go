package store

import "bytes"

// substringFinder looks for a text in blocks. bytes.Index goes by the first byte, and is slow where
// that is frequent: each "person…@" begins like a million others. A finder goes by the
// byte of the text that is rarest in the blocks.
type substringFinder struct {
	text []byte
	by   int // 1 + the position of that byte; 0: none is rare
}

// The bounds of what is counted before a search: so many blocks, of so many each one, so
// that it costs little beside the search itself.
const (
	maxSample   = 8
	sampleEvery = 64
	rareBelow   = 1.0 / 50 // of the bytes
)

// chooseAnchor chooses the byte.
func (f *substringFinder) chooseAnchor(all segments) {
	var sample [][]byte
	size := 0
	for i := sampleEvery / 2; i < len(all) && len(sample) < maxSample; i += max(sampleEvery, len(all)/maxSample) {
		if all[i] != nil {
			sample, size = append(sample, all[i].text), size+len(all[i].text)
		}
	}
	least := int(float64(size) * rareBelow)
	for i := range f.text {
		n := 0
		for _, text := range sample {
			n += bytes.Count(text, f.text[i:i+1])
		}
		if n < least {
			f.by, least = i+1, n
		}
	}
}

// index returns where the text begins first, -1 for nowhere. Where the byte is not rare
// after all, or leads astray at too many places, it is bytes.Index that looks on.
func (f substringFinder) index(in []byte) int {
	if f.by == 0 {
		return bytes.Index(in, f.text)
	}
	before, behind := f.by-1, len(f.text)-f.by
	astray := 0
	for at := before; at < len(in)-behind; at++ {
		i := bytes.IndexByte(in[at:len(in)-behind], f.text[before])
		if i < 0 {
			return -1
		}
		if at += i; bytes.Equal(in[at-before:at+1+behind], f.text) {
			return at - before
		}
		if astray++; astray > maxFalseHits+at/bytesPerFalseHit {
			if i = bytes.Index(in[at-before:], f.text); i < 0 {
				return -1
			}
			return at - before + i
		}
	}
	return -1
}

// The places at which a rare byte may stand without the text: some, and one in so many
// bytes.
const (
	maxFalseHits     = 8
	bytesPerFalseHit = 16
)
