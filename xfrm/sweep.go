package xfrm

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/rtnetlink"
)

// Sweep removes everything that is recognisably ours and nothing else, in an
// order that lets nothing out in clear:
//
//   - SAs before links: the kernel answers a GRE packet that it has just
//     decrypted, and has no interface for, with an ICMP error that quotes it;
//   - policies last: while they stand, a link without SAs sends nothing.
//
// In between traffic may have asked for SAs again, hence the second round. Sweep
// goes on after an error and returns all of them.
func (d *Dataplane) Sweep() error {
	return errors.Join(d.sweepStates(nil), d.links.SweepLinks(), d.links.SweepRoutes(), d.sweepStates(nil), d.sweepPolicies())
}

func (d *Dataplane) sweepStates(keep map[ipsec.SAID]bool) (err error) {
	list, listErr := d.states()
	if listErr != nil {
		return listErr
	}
	for _, s := range list {
		if !s.reqID.Ours() || keep[s.id] {
			continue
		}
		id := s.id
		if id.SPI == 0 {
			var gone error
			if id, gone = d.nameLarval(s); gone != nil {
				continue // it has expired meanwhile; if not, it will within 30 s
			}
		}
		err = errors.Join(err, d.RemoveSA(id))
	}
	return err
}

// larvalSPI is given to larval SAs so that they can be removed.
const larvalSPI = 0x6f62

// nameLarval gives an SPI to a larval SA, the kernel's note that traffic waits
// for an SA: without one it cannot be named, hence not be removed. An error
// says that there is no such SA any more.
func (d *Dataplane) nameLarval(s state) (ipsec.SAID, error) {
	r := d.request(nl.XFRM_MSG_ALLOCSPI, unix.NLM_F_ACK)
	r.AddData(&nl.XfrmUserSpiInfo{
		XfrmUsersaInfo: nl.XfrmUsersaInfo{
			Id:    nl.XfrmId{Daddr: toXfrm(s.id.Dst), Proto: uint8(s.id.Protocol)},
			Saddr: toXfrm(s.id.Src), Reqid: uint32(s.reqID), Family: family(s.id.Dst), Mode: s.mode,
		},
		Min: larvalSPI, Max: larvalSPI,
	})
	if s.id.Mark != 0 {
		r.AddData(nl.NewRtAttr(nl.XFRMA_MARK, mark(s.id.Mark)))
	}
	if s.ifID != 0 {
		r.AddData(nl.NewRtAttr(nl.XFRMA_IF_ID, nl.Uint32Attr(s.ifID)))
	}
	_, err := r.Execute(unix.NETLINK_XFRM, 0)
	s.id.SPI = larvalSPI
	return s.id, err
}

// policies lists all policies of the kernel.
func (d *Dataplane) policies() ([]netlink.XfrmPolicy, error) {
	return rtnetlink.Whole(func() ([]netlink.XfrmPolicy, error) { return d.handle.XfrmPolicyList(netlink.FAMILY_ALL) })
}

func (d *Dataplane) sweepPolicies() (err error) {
	list, listErr := d.policies()
	if listErr != nil {
		return fmt.Errorf("list policies: %w", listErr)
	}
	for _, p := range list {
		if !ours(p) {
			continue
		}
		// By its index: the library reads some IPv6 selectors back as IPv4.
		if delErr := d.handle.XfrmPolicyDel(&p); delErr != nil && !errors.Is(delErr, syscall.ENOENT) {
			err = errors.Join(err, fmt.Errorf("remove %s policy %s %s: %w", p.Dir, p.Src, p.Dst, delErr))
		}
	}
	return err
}
