package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/obol-ike/obol/pki"
)

// PKIChain writes what a trustpoint holds as the block of a running-config.
func PKIChain(w io.Writer, t *pki.Trustpoint) error {
	var p printer
	p.f("crypto pki certificate chain %s\n", t.Name)
	switch {
	case t.Identity == nil:
	case t.CA == nil:
		chainBlock(&p, "self-signed ", t.Identity)
	default:
		chainBlock(&p, "", t.Identity)
	}
	if t.CA != nil {
		chainBlock(&p, "ca ", t.CA)
	}
	return p.flush(w)
}

// chainBlock is one certificate in rows of eight groups of four octets.
func chainBlock(p *printer, kind string, c *pki.Certificate) {
	p.f(" certificate %s%s\n", kind, c.Serial)
	for line := range slices.Chunk(c.Raw(), 32) {
		var words []string
		for word := range slices.Chunk(line, 4) {
			words = append(words, fmt.Sprintf("%X", word))
		}
		p.f("  %s\n", strings.Join(words, " "))
	}
	p.f("  \tquit\n")
}
