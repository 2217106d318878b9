package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// authority is a CA that speaks the part of ACME (RFC 8555) that one order needs. It reads
// the proof for a name over plain HTTP from a fixed address, since the names of tests do
// not resolve. It does not check the signatures of requests.
type authority struct {
	t      *testing.T
	url    string
	proves string // address that answers for every name
	key    *ecdsa.PrivateKey
	root   *x509.Certificate

	mu     sync.Mutex
	thumb  string // of the account's key
	orders []*certOrder
}

type certOrder struct {
	name  string
	valid bool
	chain []byte // PEM, once it is issued
}

// newAuthority starts a CA that looks for proofs at the address.
func newAuthority(t *testing.T, proves string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, proves: proves, key: key}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(a)
	a.url = "http://" + srv.Listener.Addr().String()
	srv.Start()
	t.Cleanup(srv.Close)
	return a
}

// roots returns a pool that trusts the CA.
func (a *authority) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// names returns the names that were ordered, in order.
func (a *authority) names() (list []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range a.orders {
		list = append(list, o.name)
	}
	return list
}

// ServeHTTP answers as RFC 8555 section 7 says.
func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", rand.Text())
	what, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	var n int
	_, _ = fmt.Sscan(rest, &n)
	header, payload := a.message(r)
	switch what {
	case "directory":
		a.say(w, 200, map[string]any{"newNonce": a.url + "/nonce", "newAccount": a.url + "/account", "newOrder": a.url + "/new", "revokeCert": a.url + "/revoke", "keyChange": a.url + "/key"})
	case "nonce":
	case "account":
		a.register(header)
		w.Header().Set("Location", a.url+"/account/1")
		a.say(w, 201, map[string]any{"status": "valid"})
	case "new":
		a.order(w, payload)
	case "order":
		a.showOrder(w, 200, n)
	case "authz", "challenge":
		if what == "challenge" {
			a.orders[n].valid = a.proven(a.orders[n].name, fmt.Sprint("token-", n))
		}
		a.showProof(w, what, n)
	case "finalize":
		a.issue(payload, n)
		a.showOrder(w, 200, n)
	case "cert":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(a.orders[n].chain)
	default:
		http.NotFound(w, r)
	}
}

// message returns the parts of a JWS (RFC 7515 section 7.2).
func (a *authority) message(r *http.Request) (header, payload []byte) {
	var jws struct{ Protected, Payload string }
	if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&jws) != nil {
		return nil, nil
	}
	header, _ = base64.RawURLEncoding.DecodeString(jws.Protected)
	payload, _ = base64.RawURLEncoding.DecodeString(jws.Payload)
	return header, payload
}

// register stores the key of the account, which proofs refer to.
func (a *authority) register(header []byte) {
	var protected struct{ JWK struct{ X, Y string } }
	if err := json.Unmarshal(header, &protected); err != nil {
		a.t.Error(err)
	}
	x, _ := base64.RawURLEncoding.DecodeString(protected.JWK.X)
	y, _ := base64.RawURLEncoding.DecodeString(protected.JWK.Y)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	if err != nil {
		a.t.Errorf("the account has no P-256 key: %v", err)
		return
	}
	if a.thumb, err = acme.JWKThumbprint(key); err != nil {
		a.t.Error(err)
	}
}

func (a *authority) order(w http.ResponseWriter, payload []byte) {
	var asked struct{ Identifiers []struct{ Value string } }
	if err := json.Unmarshal(payload, &asked); err != nil || len(asked.Identifiers) != 1 {
		a.t.Errorf("an order of %s: %v", payload, err)
		return
	}
	a.orders = append(a.orders, &certOrder{name: asked.Identifiers[0].Value})
	n := len(a.orders) - 1
	w.Header().Set("Location", fmt.Sprint(a.url, "/order/", n))
	a.showOrder(w, 201, n)
}

func (a *authority) showOrder(w http.ResponseWriter, status, n int) {
	o := a.orders[n]
	shown := map[string]any{"status": "pending", "authorizations": []string{fmt.Sprint(a.url, "/authz/", n)}, "finalize": fmt.Sprint(a.url, "/finalize/", n),
		"identifiers": []any{map[string]string{"type": "dns", "value": o.name}}}
	if o.valid {
		shown["status"] = "ready"
	}
	if o.chain != nil {
		shown["status"], shown["certificate"] = "valid", fmt.Sprint(a.url, "/cert/", n)
	}
	a.say(w, status, shown)
}

// showProof answers an authorization, or its only challenge.
func (a *authority) showProof(w http.ResponseWriter, what string, n int) {
	status := "pending"
	if a.orders[n].valid {
		status = "valid"
	}
	challenge := map[string]any{"type": "http-01", "status": status, "url": fmt.Sprint(a.url, "/challenge/", n), "token": fmt.Sprint("token-", n)}
	if what == "challenge" {
		a.say(w, 200, challenge)
		return
	}
	a.say(w, 200, map[string]any{"status": status, "identifier": map[string]string{"type": "dns", "value": a.orders[n].name}, "challenges": []any{challenge}})
}

// proven reports whether the proof is at the address that stands for the name (RFC 8555
// section 8.3).
func (a *authority) proven(name, token string) bool {
	req, err := http.NewRequest(http.MethodGet, "http://"+a.proves+"/.well-known/acme-challenge/"+token, nil)
	if err != nil {
		a.t.Error(err)
		return false
	}
	req.Host = name
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Errorf("no proof: %v", err)
		return false
	}
	defer res.Body.Close()
	proof, err := io.ReadAll(res.Body)
	if want := token + "." + a.thumb; err != nil || res.StatusCode != 200 || string(proof) != want {
		a.t.Errorf("the proof is %d %q, %v; want %q", res.StatusCode, proof, err, want)
		return false
	}
	return true
}

// issue issues the certificate of an order whose names are proven.
func (a *authority) issue(payload []byte, n int) {
	var asked struct{ CSR string }
	_ = json.Unmarshal(payload, &asked)
	der, _ := base64.RawURLEncoding.DecodeString(asked.CSR)
	request, err := x509.ParseCertificateRequest(der)
	if err != nil || !a.orders[n].valid || !slices.Equal(request.DNSNames, []string{a.orders[n].name}) {
		a.t.Errorf("a request that is not for what was proven: %v", err)
		return
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(int64(n) + 2), DNSNames: request.DNSNames, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(90 * 24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	leaf, err := x509.CreateCertificate(rand.Reader, form, a.root, request.PublicKey, a.key)
	if err != nil {
		a.t.Error(err)
		return
	}
	var chain bytes.Buffer
	for _, der := range [][]byte{leaf, a.root.Raw} {
		_ = pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // a Buffer takes all
	}
	a.orders[n].chain = chain.Bytes()
}

func (a *authority) say(w http.ResponseWriter, status int, object any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(object); err != nil {
		a.t.Error(err)
	}
}
