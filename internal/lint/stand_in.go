package lint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"io"
	"slices"

	"github.com/obol-ike/obol/pki"
)

// Which certificate a router shows is decided by package pki from a store of
// them. A configuration has the certificates of its chain blocks, if any; the
// others are stood in for by names: the trustpoint's subject, and a CA of its own
// for each name of a trustpoint. They are never verified.

// cas are the names of CAs by trustpoint: trustpoints of the routers with the same
// name, the same enrollment url, or the same CA in their chain blocks (else by
// !obol ca-name) are of one CA.
type cas map[string]pki.Name

func newCAs(routers []Router) cas {
	names, urls := cas{}, map[string]pki.Name{}
	for _, r := range routers {
		for _, chain := range r.Config.Chains {
			for _, c := range chain.Certificates {
				if ca, err := pki.ParseCertificate(c.DER); c.CA && err == nil {
					names[chain.Trustpoint] = ca.Subject
				}
			}
		}
	}
	for _, r := range routers {
		for trustpoint, name := range r.Config.CANames {
			if names[trustpoint].IsZero() {
				names[trustpoint] = name
			}
		}
	}
	for _, r := range routers {
		for _, t := range r.Config.Trustpoints {
			if name := names[t.Name]; !name.IsZero() && t.EnrollmentURL != "" {
				urls[t.EnrollmentURL] = name
			}
		}
	}
	for _, r := range routers {
		for _, t := range r.Config.Trustpoints {
			if names[t.Name].IsZero() {
				names[t.Name] = urls[t.EnrollmentURL]
			}
			if names[t.Name].IsZero() {
				// Every name of a trustpoint makes a subject.
				names[t.Name], _ = pki.SubjectName(pki.Settings{SubjectName: "CN=" + pki.QuoteValue(t.Name)}, pki.Host{})
			}
			if t.EnrollmentURL != "" {
				urls[t.EnrollmentURL] = names[t.Name]
			}
		}
	}
	return names
}

func newRouter(r Router, cas cas) *router {
	n := &router{Router: r, cas: cas}
	if n.Enrolled == nil {
		n.Enrolled = r.Config.Enrolled
	}
	n.store = n.enrolled(n.Enrolled)
	return n
}

// enrolled is the store after enrolment in an order, the oldest first; nil: all
// trustpoints in the order of the file.
func (r *router) enrolled(order []string) *pki.Snapshot {
	var tps []*pki.Trustpoint
	for i, t := range r.Config.Trustpoints {
		if ownDevice(t) {
			continue
		}
		age := i
		if order != nil {
			age = slices.Index(order, t.Name)
		}
		tps = append(tps, r.standIn(t, age+1))
	}
	return pki.NewSnapshot(tps)
}

// ownDevice says whether a trustpoint is one that IOS makes for its own servers
// and licences.
func ownDevice(t pki.Settings) bool { return t.SelfSigned || t.Name == "SLA-TrustPoint" }

// standIn makes a trustpoint; age 0 is one without a certificate of its own.
func (r *router) standIn(t pki.Settings, age int) *pki.Trustpoint {
	name := r.cas[t.Name]
	ca := &pki.Certificate{X509: &x509.Certificate{RawSubjectPublicKeyInfo: name.DER()}, Subject: name, Issuer: name}
	tp := &pki.Trustpoint{Settings: t, CA: ca}
	if age == 0 {
		return tp
	}
	if c := r.chained(t.Name); c != nil {
		tp.Identity, tp.Signer = c, signer{c.X509.PublicKey}
	} else {
		subject, _ := pki.SubjectName(t, r.host()) // without one the certificate names nobody
		tp.Identity = &pki.Certificate{X509: &x509.Certificate{PublicKey: r.publicKey(t)}, Subject: subject, Issuer: name}
		tp.Signer = signer{tp.Identity.X509.PublicKey}
	}
	tp.Enrolled = uint64(age)
	return tp
}

func (r *router) host() pki.Host {
	return pki.Host{Hostname: r.Config.Hostname, Domain: r.Config.Domain, Serial: r.Config.Serial}
}

// chained is the router's own certificate of a chain block, nil when there is
// none.
func (r *router) chained(trustpoint string) *pki.Certificate {
	for _, chain := range r.Config.Chains {
		if chain.Trustpoint != trustpoint {
			continue
		}
		for _, c := range chain.Certificates {
			if cert, err := pki.ParseCertificate(c.DER); !c.CA && err == nil {
				return cert
			}
		}
	}
	return nil
}

// publicKey is a key of the kind that a trustpoint has.
func (r *router) publicKey(t pki.Settings) crypto.PublicKey {
	if r.Config.ECKey(t) {
		return &ecdsa.PublicKey{}
	}
	return &rsa.PublicKey{}
}

// signer signs nothing: it is there for its kind.
type signer struct{ pub crypto.PublicKey }

func (s signer) Public() crypto.PublicKey { return s.pub }

func (signer) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("this key is only of a kind")
}
