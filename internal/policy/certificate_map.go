package policy

import (
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/pki"
)

// CertificateMap is crypto pki certificate map.
type CertificateMap struct {
	pki.CertificateMap
	Pos ios.Pos
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
	ios.Command[*builder]{Syntax: "field:{valid-start | expires-on} op:{lt | ge | eq | ne} LINE", Do: dateRule},
)

func certificateMap(b *builder, m *ios.Match) {
	name, n := m.Str("name"), m.Int("N")
	if m.Form != ios.Set {
		if c := b.certificateMaps.get(name); c != nil {
			c.Sequences = slices.DeleteFunc(c.Sequences, func(s pki.CertificateMapSequence) bool { return n == 0 || s.Number == n })
			if len(c.Sequences) == 0 {
				b.certificateMaps.drop(name)
			}
		}
		return
	}
	c := b.certificateMaps.open(name, func() *CertificateMap {
		return &CertificateMap{CertificateMap: pki.CertificateMap{Name: name}, Pos: m.Line.Pos}
	})
	b.mapName, b.mapNumber = name, n
	if !slices.ContainsFunc(c.Sequences, func(s pki.CertificateMapSequence) bool { return s.Number == n }) {
		c.Sequences = append(c.Sequences, pki.CertificateMapSequence{Number: n})
		slices.SortFunc(c.Sequences, func(x, y pki.CertificateMapSequence) int { return x.Number - y.Number })
	}
}

func certificateRule(b *builder, m *ios.Match) {
	b.change(pki.CertificateRule{Field: m.Str("field"), Op: m.Str("op"), Value: strings.TrimSpace(m.Str("LINE"))}, m.Form)
}

// dateRule compares when a certificate begins or ends to be valid.
func dateRule(b *builder, m *ios.Match) {
	date, err := pki.ParseDate(m.Str("LINE"))
	if err != nil {
		m.Fail("LINE", "want for example Mar 2 2027 13:00:00 utc", "%v", err)
		return
	}
	b.change(pki.CertificateRule{Field: m.Str("field"), Op: m.Str("op"), Date: date}, m.Form)
}

// change adds a rule to the open sequence, or takes it out.
func (p *certificateMapPart) change(r pki.CertificateRule, form ios.Form) {
	for i := range p.certificateMaps.get(p.mapName).Sequences {
		s := &p.certificateMaps.get(p.mapName).Sequences[i]
		if s.Number != p.mapNumber {
			continue
		}
		s.Rules = slices.DeleteFunc(s.Rules, func(x pki.CertificateRule) bool { return x == r })
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
