package lab

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/pki"
)

// Revocation is a certificate that is taken to be revoked.
type Revocation struct {
	Serial *big.Int
	CA     string // its common name, its whole name, or the trustpoint
}

// ParseRevocation reads SERIAL@CA, the serial number in hexadecimal as IOS prints
// it.
func ParseRevocation(s string) (Revocation, error) {
	number, ca, ok := strings.Cut(s, "@")
	serial, isHex := new(big.Int).SetString(number, 16)
	if !ok || !isHex || serial.Sign() <= 0 || ca == "" || len(number) > 40 {
		return Revocation{}, fmt.Errorf("%s: want SERIAL@CA, the serial number in hexadecimal and the name of the CA or of its trustpoint, as 03@CA1", s)
	}
	return Revocation{serial, ca}, nil
}

// of says whether it is a certificate of that CA.
func (r Revocation) of(ca pki.Name, trustpoint string) bool {
	return strings.EqualFold(r.CA, trustpoint) || strings.EqualFold(r.CA, ca.Value("cn")) || strings.EqualFold(r.CA, ca.String())
}

// Of says whether it is the revocation of that certificate, of that trustpoint.
func (r Revocation) Of(c *pki.Certificate, trustpoint string) bool {
	return c.X509.SerialNumber.Cmp(r.Serial) == 0 && r.of(c.Issuer, trustpoint)
}

// Fate is what becomes of a tunnel, begun by one of its ends.
type Fate struct {
	Tunnel    string       `json:"tunnel"`    // the initiator's name of it
	Initiator string       `json:"initiator"` // router
	Responder string       `json:"responder"`
	Before    Verdict      `json:"before"` // today, with nothing revoked
	Result    Verdict      `json:"result"`
	Cause     string       `json:"cause"` // one sentence, "" when up
	Cure      string       `json:"cure"`  // likewise
	Where     []lint.Place `json:"where"`
}

// Foresee negotiates all tunnels of two configurations at another time and with
// certificates revoked, and beside it as things are. Certificates that the
// configurations do not hold are taken to be renewed in time, and are none of the
// revoked ones.
func Foresee(a, b Source, now, at time.Time, revoked []Revocation) (fates []Fate, err error) {
	today, err := Prepare(a, b, now)
	if err != nil {
		return nil, err
	}
	then := &Pair{Now: at, signatures: today.signatures}
	for _, r := range revoked {
		if today.has(r) {
			then.revoked = append(then.revoked, r)
		}
	}
	if err := then.outfit([2]Source{a, b}); err != nil {
		return nil, err
	}
	before, after := negotiate(today.attempts(-1)), negotiate(then.attempts(-1))
	for i, d := range after {
		fates = append(fates, Fate{
			Tunnel: d.Tunnel, Initiator: d.Initiator.Name, Responder: d.Responder.Name,
			Before: before[i].Result, Result: d.Result, Cause: d.Cause, Cure: d.Cure, Where: d.Where,
		})
	}
	return fates, nil
}

// has says whether a router of the pair shows the certificate: one that its
// configuration holds, for the numbers of those that are made here mean nothing.
func (p *Pair) has(r Revocation) bool {
	for _, router := range p.Routers {
		for _, chain := range router.Config.Chains {
			for _, block := range chain.Certificates {
				c, err := pki.ParseCertificate(block.DER)
				if err == nil && r.Of(c, chain.Trustpoint) {
					return true
				}
			}
		}
	}
	return false
}

// revokedBy are the serial numbers of a CA's certificates that are revoked.
func (p *Pair) revokedBy(ca pki.Name, trustpoint string) (serials []*big.Int) {
	for _, r := range p.revoked {
		if r.of(ca, trustpoint) {
			serials = append(serials, r.Serial)
		}
	}
	return serials
}
