package xfrm

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

// Need is what somebody wants of the kernel, beyond XFRM and ESP themselves.
type Need struct {
	Links []ipsec.LinkKind
	Encr  []*suite.Cipher    // of ESP
	Integ []*suite.Integrity // of ESP
}

// Features says what this kernel can do for us in the current namespace. An
// error says why it cannot; a map holds what was asked for.
type Features struct {
	XFRM  error // the kernel answers us on NETLINK_XFRM
	ESP   error
	Links map[ipsec.LinkKind]error
	Encr  map[*suite.Cipher]error // each with its largest key
	Integ map[*suite.Integrity]error
}

// Probe tries out everything that obol can use. Nothing of what it tries
// stays, and no packet is touched meanwhile. The first probe after the boot
// makes the kernel load its modules, which takes milliseconds each.
func Probe() Features {
	return probe(Need{
		Links: []ipsec.LinkKind{ipsec.VTI, ipsec.GREIP, ipsec.Dummy, ipsec.VTI6, ipsec.GREIPv6, ipsec.XFRM},
		Encr:  append(suite.Ciphers(), suite.AEADs()...), Integ: suite.Integrities(),
	})
}

// Check tries out what is needed; the error names in one line all that is
// absent.
func Check(n Need) error {
	if m := probe(n).Missing(); m != "" {
		return errors.New(m)
	}
	return nil
}

func probe(n Need) Features {
	f := Features{Links: map[ipsec.LinkKind]error{}, Encr: map[*suite.Cipher]error{}, Integ: map[*suite.Integrity]error{}}
	d, err := open(eventBuffer)
	if err == nil {
		defer d.Close()
		_, err = d.states()
	}
	if err != nil {
		f.XFRM = err
		return f
	}
	f.ESP = d.probeSA(suite.Null, suite.HMACSHA1)
	for _, k := range n.Links {
		f.Links[k] = d.links.Probe(k)
	}
	for _, c := range n.Encr {
		integ := suite.HMACSHA1
		if c.Combined() {
			integ = nil
		}
		f.Encr[c] = d.probeSA(c, integ)
	}
	for _, a := range n.Integ {
		f.Integ[a] = d.probeSA(suite.Null, a)
	}
	return f
}

// probeSA installs an SA with a random key between two addresses of the
// loopback, and removes it: the kernel looks up ESP and the algorithms when an
// SA is made, and never without. a is nil with a combined cipher.
func (d *Dataplane) probeSA(c *suite.Cipher, a *suite.Integrity) error {
	bits := 0
	if len(c.Bits) > 0 {
		bits = c.Bits[len(c.Bits)-1]
	}
	sa := ipsec.SA{
		SAID: ipsec.SAID{Src: netip.AddrFrom4([4]byte{127, 111, 98, 1}), Dst: netip.AddrFrom4([4]byte{127, 111, 98, 2}),
			SPI: larvalSPI, Protocol: ipsec.ESP},
		Direction: ipsec.Out, Mode: ipsec.Tunnel, ReqID: ipsec.ReqIDBase | 0xffff,
		Encr: c, EncrKey: make(suite.Key, c.KeyLen(bits)+c.SaltLen), Integ: a,
		Selector: ipsec.Selector{Local: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Remote: netip.PrefixFrom(netip.IPv4Unspecified(), 0)},
		Hard:     ipsec.Lifetime{Duration: time.Minute},
	}
	if a != nil {
		sa.IntegKey = make(suite.Key, a.KeyLen)
	}
	rand.Read(sa.EncrKey)
	rand.Read(sa.IntegKey)
	if err := d.InstallSA(sa); err != nil {
		return err
	}
	return d.RemoveSA(sa.SAID)
}

// modules of the link kinds.
var modules = []struct {
	kind ipsec.LinkKind
	name string
}{{ipsec.VTI, "ip_vti"}, {ipsec.GREIP, "ip_gre"}, {ipsec.Dummy, "dummy"}, {ipsec.VTI6, "ip6_vti"}, {ipsec.GREIPv6, "ip6_gre"}, {ipsec.XFRM, "xfrm_interface"}}

// Missing names in one line what the kernel lacks of what was asked, with the
// module that would have it; "" when nothing is missing.
func (f Features) Missing() string {
	switch {
	case errors.Is(f.XFRM, syscall.EPERM):
		return "not permitted to use XFRM: this needs CAP_NET_ADMIN"
	case f.XFRM != nil:
		return fmt.Sprintf("no XFRM in this kernel: %v", f.XFRM)
	}
	var m []string
	if f.ESP != nil {
		m = append(m, "ESP (module esp4): "+cause(f.ESP))
	}
	for _, k := range modules {
		if err := f.Links[k.kind]; err != nil {
			m = append(m, fmt.Sprintf("%s interfaces (module %s): %s", k.kind, k.name, cause(err)))
		}
	}
	if f.ESP == nil { // without it no algorithm can be tried
		for _, c := range append(suite.Ciphers(), suite.AEADs()...) {
			if err := f.Encr[c]; err != nil {
				m = append(m, cmp.Or(c.Transform, c.QM)+": "+cause(err))
			}
		}
		for _, a := range suite.Integrities() {
			if err := f.Integ[a]; err != nil {
				m = append(m, a.Transform+": "+cause(err))
			}
		}
	}
	if m == nil {
		return ""
	}
	return "this kernel lacks " + strings.Join(m, "; ")
}

// cause is the kernel's own word at the end of a wrapped error.
func cause(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no.Error()
	}
	return err.Error()
}
