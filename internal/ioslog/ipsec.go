package ioslog

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// proxy prints one side of a selector. 256 stands for any protocol.
func proxy(p netip.Prefix, protocol uint8, port uint16) string {
	return fmt.Sprintf("%s/%s/%d/%d", p.Addr(), ipsec.Netmask(p), protocolNumber(protocol), port)
}

func protocolNumber(protocol uint8) int {
	if protocol == 0 {
		return 256
	}
	return int(protocol)
}

func proxies(s ipsec.Selector) (local, remote string) {
	return proxy(s.Local, s.Protocol, s.LocalPort), proxy(s.Remote, s.Protocol, s.RemotePort)
}

// Transforms prints the words of a transform set: IOS leaves the 128 of AES
// away.
func transforms(ah *suite.Integrity, encr *suite.Cipher, bits int, integ *suite.Integrity) string {
	var words []string
	if ah != nil {
		words = append(words, ah.AHTransform)
	}
	if encr != nil {
		word := encr.Transform
		if encr.Bits != nil && bits != 0 && bits != encr.Bits[0] {
			word += fmt.Sprintf(" %d", bits)
		}
		words = append(words, word)
	}
	if integ != nil {
		words = append(words, integ.Transform)
	}
	return strings.Join(words, " ") + " "
}

func setWords(s *policy.TransformSet) string { return transforms(s.AH, s.Encr, s.KeyBits, s.Integ) }

// keySize is what IOS prints of a transform set: 0 for ciphers with one key size.
func keySize(s *policy.TransformSet) int {
	if s.Encr == nil || s.Encr.Bits == nil {
		return 0
	}
	return 8 * s.Encr.KeyLen(s.KeyBits)
}

func setProtocol(s *policy.TransformSet) ipsec.Protocol {
	if s.Encr == nil && s.Integ == nil {
		return ipsec.AH
	}
	return ipsec.ESP
}

func ipsecRequested(e ikev1.IPsecRequested) []Line {
	local, remote := proxies(e.Selector)
	return ipsecLine("%s", rows(
		"IPSEC(sa_request): ,",
		fmt.Sprintf("  (key eng. msg.) OUTBOUND local= %s, remote= %s,", e.Local, e.Remote),
		fmt.Sprintf("    local_proxy= %s,", local),
		fmt.Sprintf("    remote_proxy= %s,", remote),
		fmt.Sprintf("    protocol= %s, transform= %s (%s), ", setProtocol(e.Set), setWords(e.Set), e.Set.Mode),
		fmt.Sprintf("    lifedur= %ds and %dkb, ", int64(e.Lifetime.Duration/time.Second), e.Lifetime.Kilobytes),
		fmt.Sprintf("    spi= 0x0(0), conn_id= 0, keysize= %d, flags= 0x0", keySize(e.Set)),
	))
}

func requestTimer(e engine.RequestTimer) []Line {
	local, remote := proxies(e.Selector)
	return ipsecLine("%s", rows(
		fmt.Sprintf("IPSEC(key_engine): request timer fired: count = %d,", e.Count),
		fmt.Sprintf("  (identity) local= %s:0, remote= %s:0,", e.Local, e.Remote),
		fmt.Sprintf("    local_proxy= %s,", local),
		fmt.Sprintf("    remote_proxy= %s", remote),
	))
}

// proposalValidated shows a transform that will do as the IPsec engine is asked
// about it, before lifetimes and SPIs are.
func proposalValidated(e ikev1.IPsecTransformChecked) []Line {
	const part = "IPSEC(validate_proposal_request): proposal part #1"
	local, remote := proxies(e.Selector)
	mode, _ := e.Transform.Attribute(wire.IPsecAttrEncaps)
	return join(ipsecLine(part), ipsecLine("%s", rows(
		part+",",
		fmt.Sprintf("  (key eng. msg.) INBOUND local= %s, remote= %s,", endpoint(e.Local), endpoint(e.Remote)),
		fmt.Sprintf("    local_proxy= %s,", local),
		fmt.Sprintf("    remote_proxy= %s,", remote),
		fmt.Sprintf("    protocol= %s, transform= %s (%s), ", setProtocol(e.Set), setWords(e.Set), encapsulations[mode.Value]),
		"    lifedur= 0s and 0kb, ",
		fmt.Sprintf("    spi= 0x0(0), conn_id= 0, keysize= %d, flags= 0x0", keySize(e.Set)),
	)))
}

// proxyMatch is a search for a map entry.
func proxyMatch(s ipsec.Selector, protocol int) []Line {
	return ipsecLine("%s", rows(
		"Crypto mapdb : proxy_match",
		fmt.Sprintf("\tsrc addr     : %s", s.Local.Addr()),
		fmt.Sprintf("\tdst addr     : %s", s.Remote.Addr()),
		fmt.Sprintf("\tprotocol     : %d", protocol),
		fmt.Sprintf("\tsrc port     : %d", s.LocalPort),
		fmt.Sprintf("\tdst port     : %d", s.RemotePort),
	))
}

// mapEntry: a protected tunnel's map is named after its interface, its entry is
// 65537.
func mapEntry(tunnel string) string { return tunnel + "-head-0, 65537" }

// proxiesChecked is the search for the map entry of a proposal.
func proxiesChecked(e ikev1.ProxiesChecked) []Line {
	lines := proxyMatch(e.Selector, int(e.Selector.Protocol))
	if e.Tunnel != "" {
		return join(lines, ipsecLine("(ipsec_process_proposal)Map Accepted: %s", mapEntry(e.Tunnel)))
	}
	if e.Reason != "" && e.Reason != unsupported {
		lines = join(lines, ipsecLine("%s", e.Reason))
	}
	return join(lines, noMap(), refusedQuickMode(e.SA, 32))
}

// unsupported is what the IPsec engine says of proxies that no map entry has.
const unsupported = "proxy identities not supported"

func noMap() []Line {
	return join(
		ipsecLine("map_db_find_best did not find matching map"),
		ipsecLine("IPSEC(ipsec_process_proposal): %s", unsupported))
}

func ipsecProposalRefused(e ikev1.IPsecProposalRefused) []Line {
	reason := "IPSEC(ipsec_process_proposal): " + e.Reason
	if e.Offered != "" {
		reason = rows(reason+": ", "{"+e.Offered+" }")
	}
	return join(ipsecLine("%s", reason), refusedQuickMode(e.SA, 256))
}

// queued comes before what the IPsec engine does for ISAKMP.
const queued = "IPSEC(key_engine): got a queue event with 1 KMI message(s)"

// mapFound is how the IPsec engine begins with a pair of SAs.
func mapFound(tunnel string, s ipsec.Selector) []Line {
	return join(
		ipsecLine(queued),
		proxyMatch(s, protocolNumber(s.Protocol)),
		ipsecLine("IPSEC(crypto_ipsec_create_ipsec_sas): Map found %s", mapEntry(tunnel)),
	)
}

// outboundEnabled ends a quick mode: the pair may carry traffic.
func outboundEnabled() []Line {
	return join(ipsecLine(queued), ipsecLine("IPSEC(key_engine_enable_outbound): rec'd enable notify from ISAKMP"))
}

// created is an SA that stands in the data plane, and the IKE SA that made it.
type created struct {
	connID        uint32
	local, remote netip.AddrPort
	sa            ipsec.SA
}

// sasCreated shows an SA, and the AH around it.
func sasCreated(c created) []Line {
	lines := saCreated(c)
	if c.sa.AH != nil {
		around := c
		around.sa = c.sa.Around()
		around.sa.Hard = c.sa.Hard // they end together
		lines = join(lines, saCreated(around))
	}
	return lines
}

func saCreated(c created) []Line {
	sa := c.sa
	local, remote := proxies(sa.Selector)
	words := transforms(nil, sa.Encr, sa.KeyBits(), sa.Integ)
	if sa.Protocol == ipsec.AH {
		words = transforms(sa.Integ, nil, 0, nil)
	}
	return ipsecLine("%s", rows(
		"IPSEC(create_sa): sa created,",
		fmt.Sprintf("  (sa) sa_dest= %s, sa_proto= %d, ", sa.Dst, uint8(sa.Protocol)),
		fmt.Sprintf("    sa_spi= 0x%X(%d), ", sa.SPI, sa.SPI),
		fmt.Sprintf("    sa_trans= %s, sa_conn_id= %d", words, c.connID),
		fmt.Sprintf("    sa_lifetime(k/sec)= (%d/%d),", sa.Hard.Kilobytes, int64(sa.Hard.Duration/time.Second)),
		fmt.Sprintf("  (identity) local= %s, remote= %s,", endpoint(c.local), endpoint(c.remote)),
		fmt.Sprintf("    local_proxy= %s,", local),
		fmt.Sprintf("    remote_proxy= %s", remote),
	))
}

// endpoint is one end of an SA: IOS prints port 0 for ESP without UDP.
func endpoint(a netip.AddrPort) string {
	if a.Port() == 500 {
		return fmt.Sprintf("%s:0", a.Addr())
	}
	return a.String()
}
