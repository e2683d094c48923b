package policy

import (
	"math/big"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/pki"
)

type chainPart struct {
	chains blocks[string, chainDraft]
	chain  *chainDraft
}

type chainDraft struct {
	CertificateChain
	name ref
}

const certificateWords = "certificate [kind:{ca | self-signed | ra-sign | ra-encrypt | ra-general | rollover}] serial:HEX"

var chainCommands = []ios.Command[*builder]{
	{Syntax: "crypto {pki | ca} certificate chain name:WORD", Enter: chainMode, Do: certificateChain},
}

var chainMode = (&ios.Mode[*builder]{Name: "config-cert-chain", Strict: true}).Add(
	ios.Command[*builder]{Syntax: certificateWords, Hex: true, Do: chainCertificate},
	ios.Command[*builder]{Syntax: certificateWords + " file:WORD", Do: func(b *builder, m *ios.Match) {
		b.warn(m.Place("file"), "the certificate is in the router's file %s, not in this text: import it with obol crypto pki import", m.Str("file"))
	}},
)

func certificateChain(b *builder, m *ios.Match) {
	name := m.Str("name")
	if m.Form != ios.Set {
		b.chains.drop(name)
		return
	}
	b.chain = b.chains.open(name, func() *chainDraft {
		return &chainDraft{CertificateChain: CertificateChain{Trustpoint: name, Pos: m.Line.Pos}, name: refOf(m, "name")}
	})
}

func chainCertificate(b *builder, m *ios.Match) {
	if m.Form != ios.Set {
		m.Fail("", "leave the certificate out of the text instead", "a certificate of a chain is not taken back")
		return
	}
	c := ChainCertificate{CA: m.Str("kind") == "ca", Serial: m.Str("serial"), DER: m.Block, Pos: m.Line.Pos}
	parsed, err := pki.ParseCertificate(c.DER)
	if err != nil {
		m.Fail("serial", "want the whole block as show running-config prints it", "the hex below is no certificate: %v", err)
		return
	}
	if n, ok := new(big.Int).SetString(c.Serial, 16); !ok || n.Cmp(parsed.X509.SerialNumber) != 0 {
		b.warn(m.Place("serial"), "the certificate below is number %X, not %s: it is taken, but the block may be another's", parsed.X509.SerialNumber, c.Serial)
	}
	b.chain.Certificates = append(b.chain.Certificates, c)
}

func (b *builder) finishChains() {
	for name, d := range b.chains.all {
		if b.trustpoints.get(name) == nil {
			b.missing(d.name, "trustpoint", b.trustpoints.keys)
		}
		b.cfg.Chains = append(b.cfg.Chains, d.CertificateChain)
	}
}
