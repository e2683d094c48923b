package show

import (
	"fmt"
	"io"
	"strings"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
)

// IKEv2Proposal is show crypto ikev2 proposal, of all that can be used or of the
// one of a name. The default one stands first. A last line, which IOS has not,
// gives an additional key exchange.
func IKEv2Proposal(w io.Writer, c *policy.Config, name string) error {
	var p printer
	for _, x := range defaultsFirst(c.IKEv2.Proposals, func(x *policy.IKEv2Proposal) string { return x.Name }) {
		if name != "" && x.Name != name {
			continue
		}
		integrity := "none" // combined ciphers need no other
		if len(x.Integ) > 0 {
			integrity = words(x.Integ, func(i *suite.Integrity) string { return i.IKEv2 })
		}
		p.f(" IKEv2 proposal: %s \n", x.Name)
		p.f("     Encryption : %s\n", words(x.Encr, encryption))
		p.f("     Integrity  : %s\n", integrity)
		p.f("     PRF        : %s\n", words(x.PRF, func(h *suite.Hash) string { return h.IKEv2 }))
		p.f("     DH Group   : %s\n", words(x.Groups, group))
		if len(x.Additional) > 0 {
			p.f("     Additional : %s\n", words(x.Additional, group))
		}
	}
	return p.flush(w)
}

func encryption(e policy.IKEv2Encryption) string {
	if e.Bits == 0 {
		return e.Cipher.IKEv2
	}
	return fmt.Sprintf("%s-%d", e.Cipher.IKEv2, e.Bits)
}

func group(g *suite.Group) string { return g.IKEv2 }

// words is a list in the order of preference.
func words[T any](list []T, word func(T) string) string {
	all := make([]string, len(list))
	for i, x := range list {
		all[i] = word(x)
	}
	return strings.Join(all, " ")
}
