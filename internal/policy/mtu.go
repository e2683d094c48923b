package policy

import "github.com/obol-ike/obol/internal/ipsec"

// Octets of headers without options.
const (
	ipHeader     = 20
	ipv6Header   = 40
	udpHeader    = 8
	espHeader    = 8 // SPI and sequence number
	espTrailer   = 2 // pad length and next header
	ahHeader     = 12
	greHeader    = 4
	greKeyHeader = 4 // more, with a key
)

// PlaintextMTU is the largest IP packet, in octets, that the set protects into
// a packet of path octets with an IP header of header octets ("plaintext mtu" of
// show crypto ipsec sa); encap counts the UDP header of RFC 3948. Only a set with
// mode transport that is negotiated so keeps the packet's own IP header.
func (t *TransformSet) PlaintextMTU(path, header int, encap bool) int {
	n := path - header
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
		n += header
	}
	return max(n, 0)
}

// minIPv6MTU: "IPv6 requires that every link in the Internet have an MTU of 1280
// octets or greater" (RFC 8200 section 5). What is too large for a narrower path
// is fragmented behind ESP.
const minIPv6MTU = 1280

// LinkMTU is the MTU of the tunnel interface over a path of path octets, once
// set is what protects it; a nil set is none.
func (t *Tunnel) LinkMTU(set *TransformSet, path int, encap bool) int {
	n, header := path, ipHeader
	if t.Mode.IPv6() {
		header = ipv6Header
	}
	if set != nil {
		n = set.PlaintextMTU(path, header, encap)
	}
	switch {
	case t.Mode == IPsecIPv6:
		return max(n, minIPv6MTU)
	case !t.Mode.VTI():
		n -= header + greHeader
		if t.HasKey {
			n -= greKeyHeader
		}
	}
	return max(n, 0)
}
