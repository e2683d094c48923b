package show

import (
	"crypto/x509"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/obol-ike/obol/pki"
)

// PKICertificates is show crypto pki certificates: the router's certificates,
// last enrolled first, then the CAs'. That order is the order of our
// certificate requests, which decides what the peer signs with. Those of one
// trustpoint are shown when it is named. Times are given in loc.
func PKICertificates(w io.Writer, s *pki.Snapshot, name string, verbose bool, loc *time.Location) error {
	var p printer
	var own, cas entries
	for _, t := range s.Identities() {
		if name == "" || t.Name == name {
			own.add(t.Identity, t)
		}
	}
	for _, t := range slices.Concat(s.Identities(), s.All()) {
		if name == "" || t.Name == name {
			cas.addCAs(t)
		}
	}
	for i, e := range slices.Concat(own, cas) {
		if i > 0 {
			p.f("\n")
		}
		title := "CA Certificate"
		switch {
		case i < len(own) && e.self:
			title = "Router Self-Signed Certificate"
		case i < len(own):
			title = "Certificate"
		}
		certificate(&p, title, e, verbose, loc)
	}
	return p.flush(w)
}

// clock is how IOS tells a time.
const clock = "15:04:05 MST Jan 2 2006"

// entry is a certificate and the trustpoints that have it.
type entry struct {
	certificate *pki.Certificate
	trustpoints []string
	self        bool   // no CA has issued it
	label       string // of its key, "" of a CA's
}

type entries []entry

// add notes that a trustpoint has a certificate. A trustpoint seen before adds
// nothing.
func (all *entries) add(c *pki.Certificate, t *pki.Trustpoint) {
	if c == nil {
		return
	}
	for i := range *all {
		e := &(*all)[i]
		if !e.certificate.Equal(c) {
			continue
		}
		for _, name := range e.trustpoints {
			if name == t.Name {
				return
			}
		}
		e.trustpoints = append(e.trustpoints, t.Name)
		return
	}
	e := entry{certificate: c, trustpoints: []string{t.Name}, self: t.CA == nil}
	if t.Key != nil && c.Equal(t.Identity) {
		e.label = t.Key.Label
	}
	*all = append(*all, e)
}

func (all *entries) addCAs(t *pki.Trustpoint) {
	all.add(t.CA, t)
	for _, c := range t.Chain {
		all.add(c, t)
	}
}

func certificate(p *printer, title string, e entry, verbose bool, loc *time.Location) {
	c := e.certificate
	p.f("%s\n", title)
	p.f("  Status: Available\n")
	if verbose {
		p.f("  Version: %d\n", c.X509.Version)
	}
	p.f("  Certificate Serial Number (hex): %s\n", c.Serial)
	p.f("  Certificate Usage: %s\n", usage(c.X509))
	p.f("  Issuer: \n")
	for _, line := range c.Issuer.Lines() {
		p.f("    %s\n", line)
	}
	p.f("  Subject:\n")
	for _, known := range []struct{ label, key string }{{"Name", "hostname"}, {"IP Address", "ipaddress"}, {"Serial Number", "serialNumber"}} {
		if value := c.Subject.Value(known.key); value != "" {
			p.f("    %s: %s\n", known.label, value)
		}
	}
	for _, line := range c.Subject.Lines() {
		p.f("    %s\n", line)
	}
	if urls := c.X509.CRLDistributionPoints; len(urls) > 0 {
		p.f("  CRL Distribution Points: \n")
		for _, url := range urls {
			p.f("    %s\n", url)
		}
	}
	p.f("  Validity Date: \n")
	p.f("    start date: %s\n", c.X509.NotBefore.In(loc).Format(clock))
	p.f("    end   date: %s\n", c.X509.NotAfter.In(loc).Format(clock))
	if verbose {
		extras(p, c.X509)
	}
	p.f("  Associated Trustpoints: %s \n", strings.Join(e.trustpoints, " "))
	p.f("  Storage: store:%s\n", e.trustpoints[0])
	if verbose && e.label != "" {
		p.f("  Key Label: %s\n  Key storage device: private config\n", e.label)
	}
}

// usage is what the key may be used for. A certificate that does not say may be
// used for everything.
func usage(c *x509.Certificate) string {
	const (
		signing    = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment | x509.KeyUsageCertSign | x509.KeyUsageCRLSign
		encryption = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment | x509.KeyUsageKeyAgreement
	)
	signs, encrypts := c.KeyUsage&signing != 0, c.KeyUsage&encryption != 0
	switch {
	case signs && !encrypts:
		return "Signature"
	case encrypts && !signs:
		return "Encryption"
	}
	return "General Purpose"
}
