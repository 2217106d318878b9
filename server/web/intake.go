package web

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

// The limits on bodies that are in memory at once. Bodies before sign-in are counted apart,
// so that they take no room from clients that are signed in.
const (
	MaxBody       = 1 << 20  // bytes of a body
	maxPublicBody = 16 << 10 // before sign-in

	publicBodies      = 16 << 20 // bytes of all bodies before sign-in
	publicNetworkPart = 1 << 20  // of these, those from one network
	signedBodies      = 128 << 20
	signedPart        = 32 << 20 // of these, those of one user

	bodyCost = 4 << 10 // added to the size of each body, for its connection

	publicBodyTime = 5 * time.Second // in which a body before sign-in must have arrived
	bodyTime       = 30 * time.Second
)

// newBodyAdmission returns an Admission for the bytes of bodies.
func newBodyAdmission(limit, share int64) *edge.Admission {
	return edge.NewAdmission(edge.AdmissionOptions{Limit: limit, Share: share,
		ShareHint: "you are sending too many bodies at the same time. Wait until some are answered, then send this request again; it was not read.",
		FullHint:  "the server is receiving too many bodies at the same time. Send the request again in a second; it was not read."})
}

// bodyLimits are the limits on the body of a request.
type bodyLimits struct {
	intake *edge.Admission // nil: the body is in memory already
	client string          // the user, or the network, whose share it is part of
	most   int64           // bytes
	within time.Duration   // in which the body must have arrived
}

// bodyLimitsOf returns the limits on the body of the request.
func (a *Adapter) bodyLimitsOf(rq *Request) bodyLimits {
	switch {
	case rq.ByTool:
		return bodyLimits{most: MaxBody}
	case rq.Route.Access == Public:
		return bodyLimits{intake: a.publicBodies, client: auth.Network(rq.Addr), most: maxPublicBody, within: a.publicBodyTime}
	}
	return bodyLimits{intake: a.signedBodies, client: rq.Actor.UserID, most: MaxBody, within: bodyTime}
}

// Bytes returns the whole body, which it reads at the first call. Its room is held until the
// request ends. The room of a body without Content-Length is the most that it may have.
//
// Errors: unsupported_media, body_too_large, bad_json for a body that ends too soon or comes
// too slowly, rate_limited and not_ready if there is no room.
func (rq *Request) Bytes() ([]byte, *crm.Error) {
	if rq.body != nil {
		return rq.body, nil
	}
	if fault := rq.CheckNotEncoded(); fault != nil {
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
		if fault := rq.Hold(t.intake, t.client, bodyCost+size); fault != nil {
			return nil, fault
		}
		_ = http.NewResponseController(rq.Writer).SetReadDeadline(time.Now().Add(t.within)) // a writer without deadlines needs none
	}
	data, err := io.ReadAll(http.MaxBytesReader(rq.Writer, rq.Body, t.most))
	var large *http.MaxBytesError
	var slow net.Error
	switch {
	case errors.As(err, &large):
		return nil, bodyTooLarge(t.most)
	case errors.As(err, &slow) && slow.Timeout():
		return nil, crm.Errorf(crm.BadJSON, "the body did not arrive within %d seconds, and nothing was saved. Send it again now, or send a smaller body.", int(t.within.Seconds()))
	case err != nil:
		return nil, crm.Errorf(crm.BadJSON, "the body ended before it was complete; send it again.")
	}
	if t.intake != nil {
		edge.EndRead(rq.Writer)
	}
	rq.body = data
	return data, nil
}

// bodyTooLarge returns the error for a body of more bytes than allowed.
func bodyTooLarge(most int64) *crm.Error {
	return crm.Errorf(crm.BodyTooLarge, "the body is over %d bytes, and nothing was saved. Send it in several smaller requests.", most)
}
