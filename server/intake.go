package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/server/edge"
)

// The limits on bodies that are in memory at once. Those of clients that are not
// signed in are counted apart, so that strangers take nothing from who is.
const (
	maxBody       = 1 << 20  // bytes of a body
	maxPublicBody = 16 << 10 // before sign-in

	publicBodies      = 16 << 20 // bytes of all bodies before sign-in
	publicNetworkPart = 1 << 20  // of these, those from one network
	signedBodies      = 128 << 20
	signedPart        = 32 << 20 // of these, those of one user

	bodyCost = 4 << 10 // what even an empty body counts, for its connection

	publicBodyTime = 5 * time.Second // within which a body before sign-in has arrived
	bodyTime       = 30 * time.Second
)

// newBodyAdmission bounds the bytes of bodies.
func newBodyAdmission(limit, share int64) *edge.Admission {
	return edge.NewAdmission(edge.AdmissionOptions{Limit: limit, Share: share,
		ShareHint: "too many bodies of yours are on their way at once. Finish some, then send this again; it was not read.",
		FullHint:  "the server reads as many bodies as it may at once. Send the request again in a second; it was not read."})
}

// bodyLimits are what holds for the body of a request. Without an intake it is in memory
// already.
type bodyLimits struct {
	intake *edge.Admission
	client string // whose share it counts in
	most   int64  // bytes
	within time.Duration
}

// bodyLimitsOf returns what holds for the body of the request.
func (s *Server) bodyLimitsOf(rq *request) bodyLimits {
	switch {
	case rq.internal:
		return bodyLimits{most: maxBody}
	case rq.route.Access == public:
		return bodyLimits{intake: s.publicBodies, client: auth.Network(rq.addr), most: maxPublicBody, within: s.publicBodyTime}
	}
	return bodyLimits{intake: s.signedBodies, client: rq.actor.UserID, most: maxBody, within: bodyTime}
}

// bytes returns the whole body. It counts until the request ends.
func (rq *request) bytes() ([]byte, *crm.Error) {
	if rq.body != nil {
		return rq.body, nil
	}
	if fault := rq.checkNotEncoded(); fault != nil {
		return nil, fault
	}
	t := &rq.bodyLimits
	if rq.ContentLength > t.most {
		return nil, bodyTooLarge(t.most)
	}
	size := rq.ContentLength
	if size < 0 {
		size = t.most
	}
	if t.intake != nil {
		if fault := rq.hold(t.intake, t.client, bodyCost+size); fault != nil {
			return nil, fault
		}
		_ = http.NewResponseController(rq.w).SetReadDeadline(time.Now().Add(t.within)) // what has no deadlines needs none
	}
	data, err := io.ReadAll(http.MaxBytesReader(rq.w, rq.Body, t.most))
	var large *http.MaxBytesError
	var slow net.Error
	switch {
	case errors.As(err, &large):
		return nil, bodyTooLarge(t.most)
	case errors.As(err, &slow) && slow.Timeout():
		return nil, crm.Errorf(crm.BadJSON, "the body did not arrive within %d seconds; send it again at once, nothing of it was saved.", int(t.within.Seconds()))
	case err != nil:
		return nil, crm.Errorf(crm.BadJSON, "the body ended before it was complete; send it again.")
	}
	if t.intake != nil {
		edge.EndRead(rq.w)
	}
	rq.body = data
	return data, nil
}

// hold reserves room until the request ends.
func (rq *request) hold(in *edge.Admission, client string, size int64) *crm.Error {
	fault := in.Enter(client, size)
	if fault == nil {
		rq.ends = append(rq.ends, func() { in.Leave(client, size) })
	}
	return fault
}

// end gives back what the request held.
func (rq *request) end() {
	for _, end := range rq.ends {
		end()
	}
	rq.ends = nil
}

func bodyTooLarge(most int64) *crm.Error {
	return crm.Errorf(crm.BodyTooLarge, "the body is over %d bytes; send less at once, nothing of it was saved.", most)
}
