package server_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"crmkit/crm"
)

// benchSpaceContacts are the contacts in each workspace of BenchmarkWorkspaces.
const benchSpaceContacts = 1000

// benchSpace is one of many workspaces.
type benchSpace struct {
	number int64
	head   string // of requests
}

// id returns the id of one of its contacts.
func (s benchSpace) id(n int64) string {
	return crm.RecordID("c", crm.RecordKey(s.number, 1+n*benchPrime%benchSpaceContacts))
}

// benchSpreads are requests to one of many workspaces, each with the same request to the single
// workspace that has as many contacts as all of them.
var benchSpreads = []struct {
	one  benchOp
	many func(s benchSpace, n int64) (path, body string)
}{
	{benchFetch, func(s benchSpace, n int64) (string, string) { return "/contacts/" + s.id(n), "" }},
	{get("list50", func(int64) string { return "/contacts" }), func(benchSpace, int64) (string, string) { return "/contacts", "" }},
	{get("list50-stage", func(n int64) string { return "/contacts?stage=" + benchStage(n) }), func(_ benchSpace, n int64) (string, string) {
		return "/contacts?stage=" + benchStage(n), ""
	}},
	{get("search-words", benchWords), func(_ benchSpace, n int64) (string, string) { return benchWords(n), "" }},
	{benchCreate, func(_ benchSpace, n int64) (string, string) {
		return "/contacts", `{"name":"New ` + strconv.FormatInt(n, 10) + `","email":"` + benchEmail(benchContacts+n) + `","tags":["vip"],"custom":{"plan":"pro"}}`
	}},
}

func benchWords(n int64) string {
	first, last := benchName(n)
	return "/contacts?search=" + first + "+" + last
}

// BenchmarkWorkspaces measures 64 clients whose requests are spread over workspaces of
// 1,000 contacts, in turn with the same requests to one workspace that has the contacts of all
// of them together (of-one). CRMKIT_BENCH_SIZES is the number of contacts. The creates in the
// small workspaces are smaller; they only show that these clients do not wait longer.
func BenchmarkWorkspaces(b *testing.B) {
	for _, size := range benchSizes(b) {
		b.Run(strconv.FormatInt(size/benchSpaceContacts, 10), func(b *testing.B) {
			one, many := newBenchSeed(b), newBenchSeed(b)
			one.grow(b, size)
			spaces := many.spread(b, size/benchSpaceContacts)
			oneAddr, stop := one.open(b, one.path)
			defer stop()
			manyAddr, end := many.open(b, many.path)
			defer end()
			for i := range spaces {
				spaces[i].head = benchHead(manyAddr, spaces[i].head)
			}
			for _, op := range benchSpreads {
				b.Run(op.one.name, func(b *testing.B) {
					callers := make([]benchCaller, benchClients)
					for i := range callers {
						wire := newBenchWire(b, manyAddr, "")
						callers[i] = func() error {
							n := many.serial.Add(1) - 1
							space := spaces[n*benchPrime%int64(len(spaces))]
							wire.head = space.head
							path, body := op.many(space, n)
							_, _, err := wire.do(op.one.method, path, body)
							return err
						}
					}
					if op.one.method == http.MethodGet { // all has been asked once, as of the one workspace it soon is
						drive(b, callers, times(6*len(spaces)))
					}
					own, others := alternate(b, callers, benchRival{name: "one", callers: one.callers(b, op.one, oneAddr, benchClients)})
					report(b, own)
					b.ReportMetric(median(shares(own, others[0].stretches)), "of-one")
				})
			}
			b.Run("memory", func(b *testing.B) {
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(resident(b), "MB")
			})
		})
	}
}

// spread makes workspaces, each with the first contacts of the seed, and returns them with
// a token instead of a head.
func (s *benchSeed) spread(b *testing.B, n int64) []benchSpace {
	b.Helper()
	spaces := make([]benchSpace, n)
	ids := make([]string, n)
	addr, stop := s.open(b, s.path)
	for i := range spaces {
		ids[i] = s.post(b, addr, "/workspaces", fmt.Sprintf(`{"name":"Space %d"}`, i), "id")
		spaces[i].head = s.post(b, addr, "/workspaces/"+ids[i]+"/tokens", `{"token_name":"bench"}`, "token")
	}
	stop()
	s.edit(b, func(conn *sql.Conn, exec func(text string, args ...any)) {
		for i := range spaces {
			check(b, conn.QueryRowContext(context.Background(), "SELECT number FROM workspaces WHERE id = ?", ids[i]).Scan(&spaces[i].number))
			s.fill(b, conn, exec, spaces[i].number)
		}
	})
	return spaces
}

// fill copies the first contacts of the seed, and its companies, into a workspace.
func (s *benchSeed) fill(b *testing.B, conn *sql.Conn, exec func(text string, args ...any), workspace int64) {
	b.Helper()
	exec("UPDATE workspaces SET plan = 'unlimited' WHERE number = ?", workspace)
	shift := crm.RecordKey(workspace, 0) - crm.RecordKey(s.workspace, 0)
	names := fmt.Sprintf("%d", workspace*1000) // more than one workspace has
	exec("INSERT INTO names (key, workspace_id, kind, name, fold) SELECT key + "+names+", ?, kind, name, fold FROM names WHERE workspace_id = ?", workspace, s.workspace)
	for table, key := range map[string]string{"companies": "key", "contacts": "key", "tags": "record", "custom_values": "record"} {
		columns, cells := s.columns(b, conn, table, map[string]string{
			"key": fmt.Sprintf("key + %d", shift), "record": fmt.Sprintf("record + %d", shift), "company_id": fmt.Sprintf("company_id + %d", shift),
			"workspace_id": fmt.Sprint(workspace), "name_id": "name_id + " + names})
		exec(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s WHERE %s BETWEEN ? AND ?", table, columns, cells, table, key), crm.RecordKey(s.workspace, 1), crm.RecordKey(s.workspace, benchSpaceContacts))
	}
	exec("INSERT INTO usage (workspace_id, kind, last, n, latest, astray) SELECT ?, kind, MIN(last, ?), MIN(n, ?), latest, astray FROM usage WHERE workspace_id = ? AND kind IN ('companies', 'contacts')",
		workspace, benchSpaceContacts, benchSpaceContacts, s.workspace)
}

// post sends a POST and returns a member of the answer.
func (s *benchSeed) post(b *testing.B, addr, path, body, member string) string {
	b.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://"+addr+path, strings.NewReader(body))
	check(b, err)
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	check(b, err)
	defer res.Body.Close()
	var answer map[string]any
	check(b, json.NewDecoder(res.Body).Decode(&answer))
	text, ok := answer[member].(string)
	if !ok {
		b.Fatalf("POST %s: no %s in %v", path, member, answer)
	}
	return text
}
