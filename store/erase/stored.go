package erase

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"crmkit/store/table"
)

// Answers of requests, plans of dry runs and files that wait for a confirmation may have values of any record,
// in forms that cannot be searched for. So a purge takes them all from the workspace: they live for a day at
// most, and what they protect stays as it is, since nothing is done twice without them.

// What a stored answer says once it was erased.
const (
	erasedText = "# the request was executed once, and its answer was erased when a record was purged; GET /audit shows what changed\n"
	erasedJSON = `{"remarks":["the request was executed once, and its answer was erased when a record was purged; GET /audit shows what changed"]}` + "\n"
)

// maxStored is how many rows one step erases.
const maxStored = 200

// Digest returns what stays of the request that a confirmation is for.
func Digest(request string) string {
	sum := sha256.Sum256([]byte(request))
	return digestMark + hex.EncodeToString(sum[:])
}

// digestMark begins a digest. No method of HTTP does.
const digestMark = "sha256:"

// stored erases what the workspace keeps of requests, and reports whether that was all.
func (s *step) stored() (all bool, err error) {
	for _, erase := range []func() (bool, error){s.answers, s.plans, s.requests, s.files} {
		for all = false; !all; {
			if s.full() {
				return false, nil
			}
			if all, err = erase(); err != nil {
				return false, err
			}
			s.left -= 1
		}
	}
	return true, nil
}

// answers erases stored answers. Their keys stay, so the requests are not done again.
func (s *step) answers() (all bool, err error) {
	type answer struct {
		user, bytes int64
		hash        string
	}
	var list []answer
	text := fmt.Sprintf("SELECT user_id, hash, OCTET_LENGTH(text) + OCTET_LENGTH(json) FROM kept_answers WHERE workspace_id = $1 AND text <> $2 AND (user_id, hash) > ($3, $4) ORDER BY user_id, hash LIMIT %d", maxStored)
	err = s.tx.Rows(text, []any{s.tx.Actor.Workspace, erasedText, s.user, s.hash}, func(scan func(...any) error) error {
		var a answer
		err := scan(&a.user, &a.hash, &a.bytes)
		list, s.user, s.hash = append(list, a), a.user, a.hash
		return err
	})
	for _, a := range list {
		if err == nil {
			err = s.tx.AddBytes(int64(table.Bytes(erasedText, erasedJSON)) - a.bytes)
		}
		if err == nil {
			err = s.tx.Exec("UPDATE kept_answers SET text = $4, json = $5 WHERE workspace_id = $1 AND user_id = $2 AND hash = $3", s.tx.Actor.Workspace, a.user, a.hash, erasedText, erasedJSON)
		}
	}
	return len(list) < maxStored, err
}

// begun is the condition for a confirmation c whose run has begun: it goes on with the same token.
const begun = "(c.runs_until > $2 OR EXISTS (SELECT 1 FROM confirmations p WHERE p.hash = c.hash || ' place'))"

// plans deletes the confirmations whose run has not begun: their tokens are not valid any more.
func (s *step) plans() (all bool, err error) {
	text := fmt.Sprintf("DELETE FROM confirmations WHERE hash IN (SELECT c.hash FROM confirmations c WHERE c.workspace_id = $1 AND c.answer IS NULL AND c.hash NOT LIKE '%% place' AND NOT %s LIMIT %d)", begun, maxStored)
	n, err := s.tx.Affect(text, s.tx.Actor.Workspace, s.tx.Now())
	return n < maxStored, err
}

// requests replaces what the other confirmations say of their requests by digests.
func (s *step) requests() (all bool, err error) {
	var hashes, requests []string
	text := fmt.Sprintf("SELECT hash, request FROM confirmations WHERE workspace_id = $1 AND request <> '' AND request NOT LIKE '%s%%' LIMIT %d", digestMark, maxStored)
	err = s.tx.Rows(text, []any{s.tx.Actor.Workspace}, func(scan func(...any) error) error {
		var hash, request string
		err := scan(&hash, &request)
		hashes, requests = append(hashes, hash), append(requests, request)
		return err
	})
	for i, hash := range hashes {
		if err == nil {
			err = s.tx.Exec("UPDATE confirmations SET request = $2 WHERE hash = $1", hash, Digest(requests[i]))
		}
	}
	return len(hashes) < maxStored, err
}

// files deletes files that wait for a confirmation, but for those that are being imported.
func (s *step) files() (all bool, err error) {
	const idle = "NOT EXISTS (SELECT 1 FROM confirmations c WHERE c.hash = kept_files.hash AND c.runs_until > $2)"
	err = s.tx.ReleaseBytes("DELETE FROM kept_files WHERE workspace_id = $1 AND "+idle+" RETURNING workspace_id, bytes", s.tx.Actor.Workspace, s.tx.Now())
	if err != nil {
		return false, err
	}
	const orphan = "NOT EXISTS (SELECT 1 FROM kept_files f WHERE f.workspace_id = kept_parts.workspace_id AND f.hash = kept_parts.hash)"
	return true, s.tx.Exec("DELETE FROM kept_parts WHERE workspace_id = $1 AND "+orphan, s.tx.Actor.Workspace)
}
