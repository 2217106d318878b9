package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"crmkit/server/client"
	"crmkit/server/edge"
)

// The checks of doctor on keys and certificates.

// certificates is the name of the check in its line.
const certificates = "certificates"

// certificate checks the keys and certificates of a server that speaks TLS itself. It reads
// files only; baseURL checks the certificate that clients see.
func (c doctorRun) certificate(context.Context) checkResult {
	switch {
	case c.TLSDomain != "":
		return c.certificateDir()
	case c.TLSCert != "" && c.TLSKey != "":
		return c.ownCertificate()
	}
	return checkResult{}
}

// certificateDir checks the folder of --tls-domain: that other users cannot read the keys, and
// that each name has a valid certificate. It returns the first result that is not ok.
func (c doctorRun) certificateDir() checkResult {
	info, err := os.Stat(c.TLSDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return checkResult{ok, certificates, c.TLSDir + " will be made at the start", ""}
	case err != nil:
		return checkResult{fail, certificates, err.Error(), "let the user of the server reach it"}
	case info.Mode().Perm()&0o077 != 0:
		return checkResult{fail, certificates, fmt.Sprintf("%s holds keys, and its mode %04o lets others in", c.TLSDir, info.Mode().Perm()), "chmod 700 " + c.TLSDir}
	}
	domains, err := edge.ParseDomains(c.TLSDomain)
	if err != nil {
		return checkResult{} // settings says so
	}
	good := checkResult{ok, certificates, "", ""}
	for _, domain := range domains {
		f := c.cached(domain)
		if f.severity != ok {
			return f
		}
		good.found += f.found + " "
	}
	good.found = good.found[:len(good.found)-1]
	return good
}

// cached checks the certificate that ACME got for a name. The file is that of autocert's
// DirCache: the key, then the chain, in PEM. A missing one is a warning, because it is made
// at the first visit.
func (c doctorRun) cached(domain string) checkResult {
	data, err := os.ReadFile(filepath.Join(c.TLSDir, domain))
	if errors.Is(err, fs.ErrNotExist) {
		return checkResult{warn, certificates, fmt.Sprintf("%s is private, but holds no certificate for %s yet", c.TLSDir, domain),
			"the first visit gets one: open https://" + domain + ", and if that fails see the log of the server"}
	}
	if err != nil {
		return checkResult{fail, certificates, err.Error(), "let the user of the server read it"}
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return certificateResult(block.Bytes, domain)
		}
	}
	return checkResult{fail, certificates, filepath.Join(c.TLSDir, domain) + " holds no certificate", "remove it: the next visit gets a new one"}
}

// ownCertificate checks --tls-cert and --tls-key.
func (c doctorRun) ownCertificate() checkResult {
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return checkResult{fail, certificates, err.Error(), "name a certificate with its chain in --tls-cert and its key in --tls-key, both in PEM, readable for the user of the server"}
	}
	if info, err := os.Stat(c.TLSKey); err == nil && info.Mode().Perm()&0o007 != 0 {
		return checkResult{fail, certificates, fmt.Sprintf("the key %s has mode %04o: everybody on this machine can read it", c.TLSKey, info.Mode().Perm()), "chmod 600 " + c.TLSKey}
	}
	host := ""
	if u, err := url.Parse(c.BaseURL); err == nil {
		host = u.Hostname()
	}
	return certificateResult(pair.Certificate[0], host)
}

// certificateResult returns who issued a certificate and until when it is valid. It fails if
// it is not valid now or not for the host; an empty host is not checked.
func certificateResult(der []byte, host string) checkResult {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return checkResult{fail, certificates, err.Error(), "put a certificate in its place"}
	}
	name := host
	if name == "" && len(certificate.DNSNames) > 0 {
		name = certificate.DNSNames[0]
	}
	found := fmt.Sprintf("%s: issued by %s, good until %s", name, client.IssuerOf(certificate), stamp(certificate.NotAfter))
	switch now := time.Now(); {
	case host != "" && certificate.VerifyHostname(host) != nil:
		return checkResult{fail, certificates, found, fmt.Sprintf("it is for %v, not for the host of --base-url", certificate.DNSNames)}
	case now.After(certificate.NotAfter) || now.Before(certificate.NotBefore):
		return checkResult{fail, certificates, found, "clients refuse it: put a valid one in its place"}
	case certificate.NotAfter.Sub(now) < nearExpiry:
		return checkResult{warn, certificates, found, "see why it is not renewed"}
	}
	return checkResult{ok, certificates, found, ""}
}
