package policy

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/pki"
)

type trustpointPart struct {
	trustpoints blocks[string, trustpointDraft]
	trustpoint  *trustpointDraft
	enrolled    []ref
	caNames     []ref
}

type trustpointDraft struct {
	pki.Settings
	address ref // ip-address INTERFACE
	subject ios.Place
	parent  ref // chain-validation continue NAME
	source  ref // source interface NAME
	matches []matchDraft
}

// Older releases say ca where newer ones say pki.
var trustpointCommands = []ios.Command[*builder]{
	{Syntax: "crypto {pki | ca} trustpoint name:WORD", Enter: trustpointMode, Do: trustpoint},
	{Syntax: "crypto {pki | ca} crl cache size kilobytes:<1-4194303>", Do: func(b *builder, m *ios.Match) {
		b.cfg.PKI.CRLCacheLen = 0
		if m.Form == ios.Set {
			b.cfg.PKI.CRLCacheLen = m.Int("kilobytes") << 10
		}
	}},
}

var trustpointMode = (&ios.Mode[*builder]{Name: "ca-trustpoint", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "enrollment {terminal [pem] | selfsigned | pkcs12}", Do: func(b *builder, m *ios.Match) {
		t := b.trustpoint
		t.SelfSigned = m.Form == ios.Set && m.Has("selfsigned")
		t.Terminal = m.Form == ios.Set && m.Has("terminal")
		t.TerminalPEM = t.Terminal && m.Has("pem")
	}},
	ios.Command[*builder]{Syntax: "serial-number [none]", Do: func(b *builder, m *ios.Match) {
		b.trustpoint.SerialNumber = m.Form == ios.Set && !m.Has("none")
		b.trustpoint.SerialNumberNone = m.Form == ios.Set && m.Has("none")
	}},
	ios.Command[*builder]{Syntax: "fqdn {none | name:WORD}", Do: trustpointFQDN},
	ios.Command[*builder]{Syntax: "ip-address {none | A.B.C.D | INTERFACE}", Do: trustpointAddress},
	ios.Command[*builder]{Syntax: "subject-name LINE", Do: func(b *builder, m *ios.Match) {
		b.trustpoint.SubjectName, b.trustpoint.subject = setText(m), m.Place("LINE")
	}},
	ios.Command[*builder]{Syntax: "chain-validation [stop | continue [name:WORD]]", Do: chainValidation},
	ios.Command[*builder]{Syntax: "rsakeypair label:WORD [bits:<360-4096> [encryption:<360-4096>]]", Do: func(b *builder, m *ios.Match) {
		b.trustpoint.RSAKeypair, b.trustpoint.RSABits = set(m, "label"), 0
		if m.Form == ios.Set {
			b.trustpoint.RSABits = m.Int("bits")
			if m.Int("encryption") > 0 {
				b.warn(m.Place("encryption"), "no second key is made: one certificate is requested, for signatures and encryption")
			}
		}
	}},
	ios.Command[*builder]{Syntax: "eckeypair label:WORD", Do: func(b *builder, m *ios.Match) { b.trustpoint.ECKeypair = set(m, "label") }},
	ios.Command[*builder]{Syntax: "hash hash:{md5 | sha1 | sha256 | sha384 | sha512}", Do: func(b *builder, m *ios.Match) { b.trustpoint.Hash = set(m, "hash") }},
	ios.Command[*builder]{Syntax: "usage usage:{ike | ssl-client | ssl-server}...", Do: func(b *builder, m *ios.Match) { b.trustpoint.Usage = set(m, "usage") }},
).Add(enrolmentCommands...).Add(revocationCommands...).Add(idle(
	"enrollment profile WORD",
	"enrollment credential WORD",
	"auto-trigger",
	"crl query WORD",
	"match certificate WORD {skip authorization-check | override sia LINE}",
	"authorization {list WORD | username LINE}",
	"vrf WORD",
	"storage WORD",
	"primary",
	"default",
	"on WORD",
	"root LINE",
	"query certificate",
	"eku request WORD...",
	"ip-extension LINE",
)...)

// set is what a line gives, "" of a no form.
func set(m *ios.Match, label string) string {
	if m.Form != ios.Set {
		return ""
	}
	return m.Str(label)
}

func trustpoint(b *builder, m *ios.Match) {
	name := m.Str("name")
	if m.Form != ios.Set {
		b.trustpoints.drop(name)
		return
	}
	b.trustpoint = b.trustpoints.open(name, func() *trustpointDraft {
		return &trustpointDraft{
			Settings: pki.Settings{Name: name, Line: fmt.Sprintf("%s:%d", m.Line.Pos.File, m.Line.Pos.Line)},
			subject:  m.Place("name"),
		}
	})
}

func trustpointFQDN(b *builder, m *ios.Match) {
	t, name := b.trustpoint, set(m, "name")
	if name != "" && !isHostName(name) {
		m.Fail("name", "want a name such as R1.cisco.com", "%q is no host name", name)
		return
	}
	t.FQDN, t.FQDNNone = name, m.Form == ios.Set && m.Has("none")
}

func trustpointAddress(b *builder, m *ios.Match) {
	t := b.trustpoint
	t.IPAddress, t.IPAddressNone, t.address = netip.Addr{}, false, ref{}
	switch {
	case m.Form != ios.Set:
	case m.Has("none"):
		t.IPAddressNone = true
	case m.Str("INTERFACE") != "":
		t.address = refOf(m, "INTERFACE")
	default:
		t.IPAddress = m.Addr("A.B.C.D")
	}
}

func chainValidation(b *builder, m *ios.Match) {
	t := b.trustpoint
	t.ChainContinue, t.parent = m.Form == ios.Set && m.Has("continue"), ref{}
	if t.ChainContinue && m.Str("name") != "" {
		t.parent = refOf(m, "name")
	}
}

// enrolled is in no form of IOS's: the line that stands last counts.
func enrolled(b *builder, m *ios.Match) {
	b.enrolled, b.cfg.EnrolledPos = nil, m.Line.Pos
	for i, name := range m.All("name") {
		at := m.Places("name")[i]
		if slices.ContainsFunc(b.enrolled, func(r ref) bool { return r.name == name }) {
			b.fail(at, "want each trustpoint once, oldest first", "%s stands twice", name)
			return
		}
		b.enrolled = append(b.enrolled, ref{name, at})
	}
}

// caName keeps the name of a trustpoint's CA.
func caName(b *builder, m *ios.Match) {
	name, err := pki.SubjectName(pki.Settings{SubjectName: m.Str("name")}, pki.Host{})
	if err != nil {
		b.fail(m.Place("name"), "want it as subject-name has names: CN=CA1,O=cisco,O=com", "%v", err)
		return
	}
	b.caNames = append(b.caNames, ref{m.Str("trustpoint"), m.Place("trustpoint")})
	if b.cfg.CANames == nil {
		b.cfg.CANames = map[string]pki.Name{}
	}
	b.cfg.CANames[m.Str("trustpoint")] = name
}

func (b *builder) finishTrustpoints() {
	for _, r := range b.caNames {
		if b.trustpoints.get(r.name) == nil {
			b.missing(r, "trustpoint", b.trustpoints.keys)
		}
	}
	for _, r := range b.enrolled {
		if b.trustpoints.get(r.name) == nil {
			b.missing(r, "trustpoint", b.trustpoints.keys)
		}
		b.cfg.Enrolled = append(b.cfg.Enrolled, r.name)
	}
	for _, d := range b.trustpoints.all {
		if d.address.name != "" {
			d.IPAddress = b.addressOf(d.address, false)
		}
		if d.source.name != "" {
			d.Source = b.addressOf(d.source, false)
		}
		switch d.ChainParent = d.parent.name; {
		case d.parent.name == "":
		case d.parent.name == d.Name:
			b.fail(d.parent.at, "want the trustpoint of the CA above", "trustpoint %s cannot be above itself", d.Name)
		case b.trustpoints.get(d.parent.name) == nil:
			b.missing(d.parent, "trustpoint", b.trustpoints.keys)
		}
		if d.SubjectName != "" {
			if _, err := pki.SubjectName(d.Settings, pki.Host{Hostname: b.cfg.Hostname, Domain: b.cfg.Domain, Serial: b.cfg.Serial}); err != nil {
				b.fail(d.subject, "want for example CN=R1,OU=IT,O=cisco,O=com", "%v", err)
			}
		}
		b.finishMatches(d)
		if len(d.RevocationCheck) == 0 {
			d.RevocationCheck = []pki.RevocationMethod{pki.RevocationCRL}
		}
		b.cfg.Trustpoints = append(b.cfg.Trustpoints, d.Settings)
	}
}

// checkFQDN holds a router that names itself by hostname.domain to having a name.
// Without a domain the fqdn of the trustpoint whose certificate is used does. bare is
// what is left of the name then: the hostname for crypto isakmp identity, which IOS
// lets stand alone, and nothing for a profile, which asks for a full name in words.
func (b *builder) checkFQDN(at ios.Place, what string, only []string, bare string) {
	if b.cfg.FQDN() != "" {
		return
	}
	candidates := only
	if len(candidates) == 0 {
		candidates = b.trustpoints.keys
	}
	for _, name := range candidates {
		if t := b.trustpoints.get(name); t != nil && t.FQDN != "" {
			b.warn(at, "%s without hostname and ip domain name: the fqdn of the trustpoint whose certificate is used is taken (%s: %s)", what, name, t.FQDN)
			return
		}
	}
	if bare != "" {
		b.warn(at, "%s without ip domain name: the peer is told %s and no more", what, bare)
		return
	}
	b.fail(at, "want hostname and ip domain name, or fqdn in the trustpoint", "%s has no name to give", what)
}
