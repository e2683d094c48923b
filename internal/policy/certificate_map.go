package policy

import (
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/pki"
)

// CertificateMap is crypto pki certificate map: it matches a certificate when
// all rules of one of its sequences do.
type CertificateMap struct {
	Name      string
	Sequences []CertificateMapSequence // by number
	Pos       ios.Pos
}

// CertificateMapSequence is one block of a certificate map.
type CertificateMapSequence struct {
	Number int
	Rules  []CertificateRule
}

// CertificateRule is one line of a sequence.
type CertificateRule struct {
	Field string // subject-name, issuer-name, alt-subject-name, unstructured-subject-name, name, serial-number
	Op    string // co, eq, nc, ne
	Value string
}

type certificateMapPart struct {
	certificateMaps blocks[string, CertificateMap]
	mapName         string
	mapNumber       int
}

var certificateMapCommands = []ios.Command[*builder]{
	{Syntax: "crypto {pki | ca} certificate map name:WORD <1-65535>", Enter: certificateMapMode, Do: certificateMap},
}

var certificateMapMode = (&ios.Mode[*builder]{Name: "ca-certificate-map", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "field:{subject-name | issuer-name | unstructured-subject-name | alt-subject-name | name | serial-number} op:{co | eq | nc | ne} LINE", Do: certificateRule},
	ios.Command[*builder]{Syntax: "{valid-start | expires-on} {lt | ge | eq | ne} LINE", Do: func(b *builder, m *ios.Match) {
		noEffect(b, m)
		b.warn(m.Place(""), "rules about dates are not spoken: certificate map %s sequence %d matches nothing", b.mapName, b.mapNumber)
		b.change(CertificateRule{Field: "date"}, m.Form)
	}},
)

func certificateMap(b *builder, m *ios.Match) {
	name, n := m.Str("name"), m.Int("N")
	if m.Form != ios.Set {
		if c := b.certificateMaps.get(name); c != nil {
			c.Sequences = slices.DeleteFunc(c.Sequences, func(s CertificateMapSequence) bool { return n == 0 || s.Number == n })
			if len(c.Sequences) == 0 {
				b.certificateMaps.drop(name)
			}
		}
		return
	}
	c := b.certificateMaps.open(name, func() *CertificateMap { return &CertificateMap{Name: name, Pos: m.Line.Pos} })
	b.mapName, b.mapNumber = name, n
	if !slices.ContainsFunc(c.Sequences, func(s CertificateMapSequence) bool { return s.Number == n }) {
		c.Sequences = append(c.Sequences, CertificateMapSequence{Number: n})
		slices.SortFunc(c.Sequences, func(x, y CertificateMapSequence) int { return x.Number - y.Number })
	}
}

func certificateRule(b *builder, m *ios.Match) {
	b.change(CertificateRule{Field: m.Str("field"), Op: m.Str("op"), Value: strings.TrimSpace(m.Str("LINE"))}, m.Form)
}

// change adds a rule to the open sequence, or takes it out.
func (p *certificateMapPart) change(r CertificateRule, form ios.Form) {
	for i := range p.certificateMaps.get(p.mapName).Sequences {
		s := &p.certificateMaps.get(p.mapName).Sequences[i]
		if s.Number != p.mapNumber {
			continue
		}
		s.Rules = slices.DeleteFunc(s.Rules, func(x CertificateRule) bool { return x == r })
		if form == ios.Set {
			s.Rules = append(s.Rules, r)
		}
	}
}

func (b *builder) finishCertificateMaps() {
	for _, c := range b.certificateMaps.all {
		b.cfg.Maps = append(b.cfg.Maps, c)
	}
}

// Matches says whether the map takes a certificate. A sequence without rules
// takes none.
func (c *CertificateMap) Matches(cert *pki.Certificate) bool {
	if cert == nil {
		return false
	}
	return slices.ContainsFunc(c.Sequences, func(s CertificateMapSequence) bool {
		return len(s.Rules) > 0 && !slices.ContainsFunc(s.Rules, func(r CertificateRule) bool { return !r.matches(cert) })
	})
}

// matches compares without regard to case and to blanks around commas, as the
// names are printed.
func (r CertificateRule) matches(cert *pki.Certificate) bool {
	var values []string
	switch r.Field {
	case "subject-name":
		values = []string{cert.Subject.String()}
	case "issuer-name":
		values = []string{cert.Issuer.String()}
	case "serial-number":
		values = []string{cert.Serial}
	case "unstructured-subject-name":
		values = []string{cert.Subject.Value("hostname")}
	case "alt-subject-name":
		values = append(slices.Clone(cert.X509.DNSNames), cert.X509.EmailAddresses...)
	case "name":
		values = append(append([]string{cert.Subject.String()}, cert.X509.DNSNames...), cert.X509.EmailAddresses...)
	default:
		return false
	}
	found := slices.ContainsFunc(values, func(v string) bool {
		v, want := foldName(v), foldName(r.Value)
		if r.Op == "eq" || r.Op == "ne" {
			return v == want
		}
		return strings.Contains(v, want)
	})
	return found == (r.Op == "co" || r.Op == "eq")
}

func foldName(s string) string {
	parts := strings.Split(strings.ToLower(s), ",")
	for i := range parts {
		parts[i] = strings.Join(strings.Fields(parts[i]), " ")
	}
	return strings.Join(parts, ",")
}
