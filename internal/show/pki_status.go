package show

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/x509"
	"io"
	"slices"
	"time"

	"github.com/obol-ike/obol/pki"
)

// A Lookup finds what belongs to a trustpoint.
type Lookup struct {
	Under func(trustpoint string) (*pki.Enrolling, error) // nil: nothing is under way
	Key   func(*pki.Trustpoint) (pki.KeyKind, string)     // the label that its configuration says
}

// PKITrustpointsStatus is show crypto pki trustpoints status, of one trustpoint or
// of all. A Lookup of each says what the snapshot does not.
func PKITrustpointsStatus(w io.Writer, s *pki.Snapshot, name string, now time.Time, of Lookup) error {
	var p printer
	for _, t := range s.All() {
		if name != "" && t.Name != name {
			continue
		}
		e, err := of.Under(t.Name)
		if err != nil {
			return err
		}
		pending := e != nil && !e.GaveUp && e.Request != nil
		p.f("Trustpoint %s:\n", t.Name)
		ca := t.CA
		if ca == nil {
			ca = t.Identity // self-signed
		}
		configured(&p, "Issuing CA certificate", ca)
		configured(&p, "Router General Purpose certificate", t.Identity)
		requests := "None"
		switch {
		case pending:
			requests = "Pending"
			if err := requested(&p, e, now); err != nil {
				return err
			}
		case t.Identity != nil:
			requests = "Yes"
		}
		p.f("  State:\n")
		p.f("    Keys generated ............. %s\n", keysState(t, s.Keys(), of.Key, e))
		p.f("    Issuing CA authenticated ....... %s\n", affirmed(ca != nil))
		p.f("    Certificate request(s) ..... %s\n\n\n", requests)
	}
	return p.flush(w)
}

// requested is what is asked of the CA, and when it is asked again.
func requested(p *printer, e *pki.Enrolling, now time.Time) error {
	csr, err := x509.ParseCertificateRequest(e.Request)
	if err != nil {
		return err
	}
	subject, err := pki.ParseName(csr.RawSubject)
	if err != nil {
		return err
	}
	md5Sum, sha1Sum := md5.Sum(e.Request), sha1.Sum(e.Request)
	p.f("  Router General Purpose certificate pending:\n    Requested Subject Name:\n     %s\n", subject)
	p.f("    Request Fingerprint MD5: %s \n    Request Fingerprint SHA1: %s \n", pki.Fingerprint(md5Sum[:]), pki.Fingerprint(sha1Sum[:]))
	p.f("    Next query attempt:\n     %d seconds\n", max(0, int(e.Next.Sub(now).Seconds())))
	p.f("  Last enrollment status: Pending\n")
	return nil
}

func configured(p *printer, what string, c *pki.Certificate) {
	if c == nil {
		return
	}
	md5Sum, sha1Sum := md5.Sum(c.Raw()), sha1.Sum(c.Raw())
	p.f("  %s configured:\n    Subject Name:\n     %s\n", what, c.Subject)
	p.f("    Fingerprint MD5: %s \n    Fingerprint SHA1: %s \n", pki.Fingerprint(md5Sum[:]), pki.Fingerprint(sha1Sum[:]))
}

// keysState tells of the key that a certificate is for, is requested for, or would be.
func keysState(t *pki.Trustpoint, keys []*pki.KeyPair, configured func(*pki.Trustpoint) (pki.KeyKind, string), e *pki.Enrolling) string {
	key := t.Key
	if t.Signer == nil {
		kind, label := configured(t)
		if e != nil {
			kind, label = pki.RSA, e.Label
		}
		if i := slices.IndexFunc(keys, func(k *pki.KeyPair) bool { return k.Kind() == kind && k.Label == label }); i >= 0 {
			key = keys[i]
		}
	}
	switch {
	case t.Signer == nil && key == nil:
		return "No"
	case key != nil && key.Exportable:
		return "Yes (General Purpose, exportable)"
	}
	return "Yes (General Purpose, non-exportable)"
}

func affirmed(yes bool) string {
	if yes {
		return "Yes"
	}
	return "No"
}
