package script

import (
	"fmt"
	"slices"
)

// Order is the line of the configuration that tells the laboratory in which order
// the router enrolled.
func (r *Router) Order() string {
	if len(r.Enrolled) == 0 {
		return ""
	}
	line := "\n!obol enrolled"
	for _, e := range r.Enrolled {
		line += " " + e.Trustpoint
	}
	return line + "\n"
}

// Chains are the certificates as show running-config has them.
func (r *Router) Chains() (text string) {
	block := func(what string, der []byte) {
		text += fmt.Sprintf(" certificate %s\n", what)
		for line := range slices.Chunk(der, 32) {
			text += fmt.Sprintf("  %X\n", line)
		}
		text += "  quit\n"
	}
	for _, e := range r.Enrolled {
		text += fmt.Sprintf("crypto pki certificate chain %s\n", e.Trustpoint)
		block(fmt.Sprintf("%02X", e.Cert.Serial), e.Cert.Raw())
		block(fmt.Sprintf("ca %02X", e.CA.Cert.Serial), e.CA.Cert.Raw())
	}
	return text
}
