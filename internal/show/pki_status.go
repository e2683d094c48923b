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

// PKITrustpointsStatus is show crypto pki trustpoints status, of one trustpoint or
// of all; under gives the enrolment of one that is under way, nil for none.
func PKITrustpointsStatus(w io.Writer, s *pki.Snapshot, name string, now time.Time, under func(trustpoint string) (*pki.Enrolling, error)) error {
	var p printer
	for _, t := range s.All() {
		if name != "" && t.Name != name {
			continue
		}
		e, err := under(t.Name)
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
		p.f("    Keys generated ............. %s\n", keysState(t, s.Keys(), e))
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

// keysState tells of the key that a certificate is for, or is requested for.
func keysState(t *pki.Trustpoint, keys []*pki.KeyPair, e *pki.Enrolling) string {
	key := t.Key
	requested := slices.IndexFunc(keys, func(k *pki.KeyPair) bool { return e != nil && k.Label == e.Label })
	if t.Signer == nil && requested >= 0 {
		key = keys[requested]
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
