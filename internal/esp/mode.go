package esp

// tunneled is what tunnel mode carries: the packet.
func (h *header) tunneled() (next uint8, payload []byte) { return h.own(), h.packet }

// transported is what transport mode carries: the payload. RFC 4303 section 3.3.4:
// "transport mode ESP is applied only to whole IP datagrams (not to IP fragments)".
// Options of IPv4 and extensions of IPv6 that belong in front of ESP are refused: the
// outer header has no place for them.
func (h *header) transported() (next uint8, payload []byte, ok bool) {
	if h.src.Is4() {
		return h.protocol, h.payload, len(h.packet)-len(h.payload) == ipv4Header && !h.fragment()
	}
	switch h.protocol {
	case protocolHopByHop, protocolRouting, protocolFragment:
		return 0, nil, false
	}
	return h.protocol, h.payload, true
}

// transportHeader is the header of what came in transport mode.
func transportHeader(next uint8, payload []byte, outer Outer) header {
	return header{src: outer.Src, dst: outer.Dst, protocol: next, payload: payload}
}
