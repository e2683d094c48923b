package policy

import "github.com/obol-ike/obol/internal/ipsec"

// Octets of headers without options.
const (
	ipHeader     = 20
	udpHeader    = 8
	espHeader    = 8 // SPI and sequence number
	espTrailer   = 2 // pad length and next header
	ahHeader     = 12
	greHeader    = 4
	greKeyHeader = 4 // more, with a key
)

// PlaintextMTU is the largest IP packet, in octets, that the set protects into
// a packet of path octets ("plaintext mtu" of show crypto ipsec sa); encap
// counts the UDP header of RFC 3948. Only a set with mode transport that is
// negotiated so keeps the packet's own IP header.
func (t *TransformSet) PlaintextMTU(path int, encap bool) int {
	n := path - ipHeader
	if encap {
		n -= udpHeader
	}
	if t.AH != nil {
		n -= ahHeader + t.AH.ICV
	}
	if t.Encr != nil {
		n -= espHeader + t.Encr.IV + t.Encr.ICV
		if t.Integ != nil {
			n -= t.Integ.ICV
		}
		block := max(t.Encr.Block, 4) // "the ciphertext terminates on a 4-byte boundary" (RFC 4303 section 2.4)
		n = n/block*block - espTrailer
	}
	if t.Mode == ipsec.Transport {
		n += ipHeader
	}
	return max(n, 0)
}

// LinkMTU is the MTU of the tunnel interface over a path of path octets, once
// set is what protects it; a nil set is none.
func (t *Tunnel) LinkMTU(set *TransformSet, path int, encap bool) int {
	n := path
	if set != nil {
		n = set.PlaintextMTU(path, encap)
	}
	if t.Mode == GREIP {
		n -= ipHeader + greHeader
		if t.HasKey {
			n -= greKeyHeader
		}
	}
	return max(n, 0)
}
