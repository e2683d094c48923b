package policy

// PlaintextMTU is the largest IP packet that fits, protected by the set, into
// a packet of path octets; encap adds the UDP header of RFC 3948.
func (t *TransformSet) PlaintextMTU(path int, encap bool) int { return 0 }

// LinkMTU is the MTU of the tunnel interface over a path of path octets.
func (t *Tunnel) LinkMTU(set *TransformSet, path int, encap bool) int { return 0 }
