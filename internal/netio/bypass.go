package netio

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// userPolicy is struct xfrm_userpolicy_info of linux/xfrm.h: a selector, two
// lifetimes and the policy proper, 168 octets.
type userPolicy struct {
	Daddr, Saddr           [16]byte
	Dport, DportMask       uint16
	Sport, SportMask       uint16
	Family                 uint16
	PrefixlenD, PrefixlenS uint8
	Proto                  uint8
	_                      [3]byte
	Ifindex                int32
	User                   uint32
	Limits                 [8]uint64 // struct xfrm_lifetime_cfg
	Current                [4]uint64 // struct xfrm_lifetime_cur
	Priority, Index        uint32
	Dir, Action            uint8
	Flags, Share           uint8
	_                      [4]byte
}

const (
	policyIn    = 0 // XFRM_POLICY_IN
	policyOut   = 1 // XFRM_POLICY_OUT
	policyAllow = 0 // XFRM_POLICY_ALLOW, with no template: in the clear
)

// exempt gives the socket policies of its own that let everything pass in the
// clear. The kernel asks a socket's policies before the global ones, so that
// neither a VTI's any/any nor a host policy ever captures IKE itself.
func exempt(fd int, v6 bool) error {
	family, level, option := uint16(unix.AF_INET), unix.IPPROTO_IP, unix.IP_XFRM_POLICY
	if v6 {
		family, level, option = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_XFRM_POLICY
	}
	for _, dir := range []uint8{policyIn, policyOut} {
		b, err := binary.Append(nil, binary.NativeEndian, userPolicy{Family: family, Dir: dir, Action: policyAllow})
		if err != nil {
			return fmt.Errorf("encoding a policy: %w", err)
		}
		if err := unix.SetsockoptString(fd, level, option, string(b)); err != nil {
			return err
		}
	}
	return nil
}
