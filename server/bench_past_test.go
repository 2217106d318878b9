package server_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

// benchPast are lists of which the answer of an earlier place is asked.
var benchPast = []struct{ name, query string }{
	{"list50", ""},
	{"list50-stage", "&stage=lead"},
	{"list50-name", "&sort=name"},
	{"list50-updated", "&sort=-updated_at"},
	{"list50-custom", "&custom.seats=7"},
	{"list50-part", "&name=like:anders"},
	{"list50-company", "&company.name=like:xylophonist"},
}

// BenchmarkPast measures one client that asks for lists as they were before the last changes, of 30 contacts
// and of 3,000, and for the same lists as they are.
func BenchmarkPast(b *testing.B) {
	for _, size := range benchSizes(b) {
		s := newBenchSeed(b)
		s.grow(b, size)
		addr, stop := s.open(b, s.path)
		wire := newBenchWire(b, addr, s.token)
		ask := func(b *testing.B, method, path, body string) {
			_, _, err := wire.do(method, path, body)
			check(b, err)
		}
		before := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
		changed := int64(0)
		for _, upTo := range []int64{0, 30, 3000} {
			for ; changed < upTo; changed++ {
				ask(b, http.MethodPatch, "/contacts/"+s.id(changed), `{"phone":"`+strconv.FormatInt(changed, 10)+`"}`)
			}
			for _, row := range benchPast {
				path := "/contacts?limit=50" + row.query
				if upTo > 0 {
					path += "&at=" + before
				}
				b.Run(strconv.FormatInt(size, 10)+"/"+strconv.FormatInt(upTo, 10)+"/"+row.name, func(b *testing.B) {
					for b.Loop() {
						ask(b, http.MethodGet, path, "")
					}
				})
			}
		}
		stop()
	}
}
