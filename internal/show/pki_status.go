package show

import (
	"crypto/md5"
	"crypto/sha1"
	"io"

	"github.com/obol-ike/obol/pki"
)

// PKITrustpointsStatus is show crypto pki trustpoints status, of one trustpoint or
// of all.
func PKITrustpointsStatus(w io.Writer, s *pki.Snapshot, name string) error {
	var p printer
	for _, t := range s.All() {
		if name != "" && t.Name != name {
			continue
		}
		p.f("Trustpoint %s:\n", t.Name)
		configured(&p, "Issuing CA certificate", t.CA)
		if t.CA == nil && t.Identity != nil {
			configured(&p, "Router Self-Signed certificate", t.Identity)
		} else {
			configured(&p, "Router General Purpose certificate", t.Identity)
		}
		p.f("  State:\n")
		p.f("    Keys generated ............. %s\n", keysState(t))
		p.f("    Issuing CA authenticated ....... %s\n", affirmed(t.CA != nil))
		p.f("    Certificate request(s) ..... %s\n\n", affirmed(t.Identity != nil))
	}
	return p.flush(w)
}

func configured(p *printer, what string, c *pki.Certificate) {
	if c == nil {
		p.f("  %s pending or not configured\n", what)
		return
	}
	md5Sum, sha1Sum := md5.Sum(c.Raw()), sha1.Sum(c.Raw())
	p.f("  %s configured:\n    Subject Name:\n     %s\n", what, c.Subject)
	p.f("    Fingerprint MD5: %s \n    Fingerprint SHA1: %s \n", pki.Fingerprint(md5Sum[:]), pki.Fingerprint(sha1Sum[:]))
}

// keysState tells of the key that a certificate is for.
func keysState(t *pki.Trustpoint) string {
	switch {
	case t.Signer == nil:
		return "No"
	case t.Key != nil && t.Key.Exportable:
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
