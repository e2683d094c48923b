package pki

import (
	"math/big"
	"time"
)

// CRL is a parsed certificate revocation list. Nothing about it is verified.
type CRL struct {
	Raw        []byte
	Issuer     Name
	ThisUpdate time.Time
	NextUpdate time.Time // zero when absent
	Number     *big.Int  // CRL number, nil when absent
}

// ParseCRL parses a DER CRL of version 1 or 2.
func ParseCRL(der []byte) (*CRL, error) { return nil, nil }
