package pki

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Limits of names and of constraints on them: everybody's against everybody else's.
const (
	maxSubtrees = 256
	maxAltNames = 256
)

var (
	oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidSubjectAltName  = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// form is a kind of GeneralName (RFC 5280 section 4.2.1.6), by its tag.
type form uint8

const (
	formEmail     form = 1
	formDNS       form = 2
	formDirectory form = 4
	formURI       form = 6
	formAddress   form = 7
)

var formNames = map[form]string{0: "otherName", formEmail: "e-mail address", formDNS: "host name", 3: "x400Address",
	formDirectory: "distinguished name", 5: "ediPartyName", formURI: "URI", formAddress: "IP address", 8: "registeredID"}

// generalName is one name, or what a constraint says of names of its form.
type generalName struct {
	form form
	text string // of e-mail, host name and URI
	octs []byte // of an address; in a constraint its mask follows
	dn   Name
}

func (g generalName) String() string {
	switch g.form {
	case formEmail, formDNS, formURI:
		return printable(g.text)
	case formDirectory:
		return g.dn.String()
	case formAddress:
		if a, ok := netip.AddrFromSlice(g.octs); ok {
			return a.String()
		}
		return fmt.Sprintf("%x", g.octs)
	}
	return formNames[g.form]
}

// readGeneralName reads one GeneralName.
func readGeneralName(s *cryptobyte.String) (g generalName, err error) {
	var body cryptobyte.String
	var tag cbasn1.Tag
	malformed := errors.New("malformed name")
	if !s.ReadAnyASN1(&body, &tag) || tag&0xc0 != 0x80 {
		return g, malformed
	}
	switch g.form = form(tag & 0x1f); g.form {
	case formEmail, formDNS, formURI:
		g.text = string(body)
		if slices.ContainsFunc(body, func(c byte) bool { return c >= 0x80 || c == 0 }) {
			return g, malformed
		}
	case formDirectory: // a CHOICE, so its tag is explicit
		var der cryptobyte.String
		if !body.ReadASN1Element(&der, cbasn1.SEQUENCE) || !body.Empty() {
			return g, malformed
		}
		g.dn, err = ParseName(der)
	case formAddress:
		g.octs = body
	}
	return g, err
}

// namesOf are the names that a certificate gives its owner: the subject, its e-mail
// addresses where no other is given, and the alternative names.
func namesOf(c *Certificate) (list []generalName, err error) {
	if len(c.Subject.Lines()) > 0 {
		list = append(list, generalName{form: formDirectory, dn: c.Subject})
	}
	for _, e := range c.X509.Extensions {
		if !e.Id.Equal(oidSubjectAltName) {
			continue
		}
		der := cryptobyte.String(e.Value)
		var seq cryptobyte.String
		if !der.ReadASN1(&seq, cbasn1.SEQUENCE) || !der.Empty() {
			return nil, errors.New("malformed alternative names")
		}
		for !seq.Empty() {
			g, err := readGeneralName(&seq)
			if err != nil {
				return nil, err
			}
			if list = append(list, g); len(list) > maxAltNames {
				return nil, fmt.Errorf("more than %d names", maxAltNames)
			}
		}
	}
	// RFC 5280 section 4.2.1.10: "When a certificate includes an rfc822Name constraint
	// and has no subject alternative name of that type, the constraint applies to the
	// attribute of type emailAddress in the subject distinguished name".
	if !slices.ContainsFunc(list, func(g generalName) bool { return g.form == formEmail }) {
		for rdn := range c.Subject.rdns() {
			for _, a := range rdn {
				if t, _ := a.name(); t.key == "e" {
					list = append(list, generalName{form: formEmail, text: a.text()})
				}
			}
		}
	}
	return list, nil
}

// constraints are those of the CAs of a path so far.
type constraints struct {
	excluded  []generalName
	permitted [][]generalName // one list a CA
}

// check holds the names of a certificate against the CAs above it, and adds its own
// constraints for those below. RFC 5280 section 6.1.3 (b) does not look at CAs that
// issued themselves a new certificate.
func (x *constraints) check(c *Certificate, last bool) *refusal {
	if len(x.excluded)+len(x.permitted) > 0 && (last || !c.selfIssued()) {
		names, err := namesOf(c)
		if err != nil {
			return refuse(NameConstraint, "%v", err)
		}
		for _, g := range names {
			if r := x.allow(g); r != nil {
				return r
			}
		}
	}
	for _, e := range c.X509.Extensions {
		if e.Id.Equal(oidNameConstraints) && !last {
			if err := x.add(e.Value); err != nil {
				return refuse(CriticalExtension, "its name constraints: %v", err)
			}
		}
	}
	return nil
}

// allow says whether the CAs may issue to a name.
func (x *constraints) allow(g generalName) *refusal {
	if i := slices.IndexFunc(x.excluded, func(base generalName) bool { return base.form == g.form && g.within(base, true) }); i >= 0 {
		return refuse(NameConstraint, "the CA above may not issue to the %s %s", formNames[g.form], g)
	}
	for _, list := range x.permitted {
		constrained, ok := false, false
		for _, base := range list {
			if base.form == g.form {
				constrained, ok = true, ok || g.within(base, false)
			}
		}
		if constrained && !ok {
			return refuse(NameConstraint, "the CA above may not issue to the %s %s, which is not among those permitted", formNames[g.form], g)
		}
	}
	return nil
}

// add reads a NameConstraints.
//
//	NameConstraints ::= SEQUENCE { [0] GeneralSubtrees OPTIONAL, [1] GeneralSubtrees OPTIONAL }
//	GeneralSubtree ::= SEQUENCE { base, [0] minimum DEFAULT 0, [1] maximum OPTIONAL }
func (x *constraints) add(der cryptobyte.String) error {
	var seq, permitted, excluded cryptobyte.String
	var some, others bool
	if !der.ReadASN1(&seq, cbasn1.SEQUENCE) || !der.Empty() ||
		!seq.ReadOptionalASN1(&permitted, &some, cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		!seq.ReadOptionalASN1(&excluded, &others, cbasn1.Tag(1).Constructed().ContextSpecific()) || !seq.Empty() || !some && !others {
		return errors.New("malformed")
	}
	list, err := readSubtrees(permitted)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		x.permitted = append(x.permitted, list)
	}
	list, err = readSubtrees(excluded)
	x.excluded = append(x.excluded, list...)
	if len(x.excluded) > maxSubtrees {
		return fmt.Errorf("more than %d", maxSubtrees)
	}
	return err
}

func readSubtrees(s cryptobyte.String) (list []generalName, err error) {
	for !s.Empty() {
		var tree cryptobyte.String
		if !s.ReadASN1(&tree, cbasn1.SEQUENCE) {
			return nil, errors.New("malformed")
		}
		g, err := readGeneralName(&tree)
		if err != nil {
			return nil, err
		}
		// "Within this profile, the minimum and maximum fields are not used with any
		// name forms, thus, the minimum MUST be zero, and maximum MUST be absent."
		if !tree.Empty() {
			return nil, errors.New("a minimum or maximum is not understood")
		}
		if g.form == formAddress && (len(g.octs) != 8 && len(g.octs) != 32) {
			return nil, errors.New("an address and mask of neither IPv4 nor IPv6")
		}
		if list = append(list, g); len(list) > maxSubtrees {
			return nil, fmt.Errorf("more than %d", maxSubtrees)
		}
	}
	return list, nil
}

// within says whether a name is in the subtree of a constraint of its form. Of forms
// that are not understood, and of names that cannot be read, everything is in an
// excluded subtree and nothing in a permitted one.
func (g generalName) within(base generalName, excluded bool) bool {
	switch g.form {
	case formDirectory:
		return g.dn.under(base.dn)
	case formDNS:
		return hostUnder(g.text, base.text, true)
	case formEmail:
		return emailUnder(g.text, base.text, excluded)
	case formURI:
		host, ok := hostOf(g.text)
		if !ok {
			return excluded
		}
		return hostUnder(host, base.text, false)
	case formAddress:
		n := len(base.octs) / 2
		if len(g.octs) != n {
			return excluded && len(g.octs) != 4 && len(g.octs) != 16
		}
		masked := make([]byte, n)
		want := make([]byte, n)
		for i := range n {
			masked[i], want[i] = g.octs[i]&base.octs[n+i], base.octs[i]&base.octs[n+i]
		}
		return bytes.Equal(masked, want)
	}
	return excluded
}

// hostUnder says whether a host name is a domain's. "Any DNS name that can be
// constructed by simply adding zero or more labels to the left-hand side of the name
// satisfies the name constraint"; of URIs and e-mail addresses that is so only where
// the constraint begins with a period (RFC 5280 section 4.2.1.10).
func hostUnder(host, domain string, dns bool) bool {
	host, domain = strings.ToLower(strings.TrimSuffix(host, ".")), strings.ToLower(strings.TrimSuffix(domain, "."))
	bare, below := strings.CutPrefix(domain, ".")
	switch {
	case domain == "":
		return true
	case below:
		return strings.HasSuffix(host, domain)
	case dns:
		return host == bare || strings.HasSuffix(host, "."+bare)
	}
	return host == domain
}

func emailUnder(address, base string, excluded bool) bool {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return excluded
	}
	if strings.Contains(base, "@") { // one mailbox, whose local part is case-sensitive
		i := strings.LastIndexByte(base, '@')
		return address[:at] == base[:i] && strings.EqualFold(address[at:], base[i:])
	}
	return hostUnder(address[at+1:], base, false)
}

// hostOf is the host of a URI; an address is none.
func hostOf(uri string) (host string, ok bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Hostname() == "" {
		return "", false
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return "", false
	}
	return u.Hostname(), true
}
