//go:build vm

package xfrm

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/test/plane"
)

// Replay windows are what was asked for: IOS's 64 is not cut to the kernel's
// old 32. An outbound SA has none.
func TestReplayWindow(t *testing.T) {
	r1, _ := routers(t)
	for i, window := range []int{0, 32, 64, 128, 256, 512, 1024} {
		sa := r1.withSPI(plane.VTI(), ipsec.In, 0x3000+uint32(i))
		sa.Replay = window
		r1.Must(r1.InstallSA(sa))
		if s, err := r1.get(sa.SAID); err != nil || s.replay != window {
			t.Errorf("window %d reads back as %d, %v", window, s.replay, err)
		}
		shown := r1.Run("ip", "xfrm", "state", "list", "spi", strconv.Itoa(int(sa.SPI)))
		if want := "replay_window " + strconv.Itoa(window); strings.Contains(shown, want) != (window > 0) {
			t.Errorf("iproute2 does not show %q", want)
		}
	}
	out := r1.withSPI(plane.VTI(), ipsec.Out, 0x4000)
	r1.Must(r1.InstallSA(out))
	if s, err := r1.get(out.SAID); err != nil || s.replay != 0 {
		t.Errorf("an outbound SA has a window of %d, %v", s.replay, err)
	}
}

// Lifetimes, UDP encapsulation and request id arrive as asked, and lifetimes
// can be changed.
func TestSAReadBack(t *testing.T) {
	r1, _ := routers(t)
	for _, d := range []ipsec.Direction{ipsec.In, ipsec.Out} {
		sa := r1.withSPI(plane.GRE(), d, 0x3000+uint32(d))
		sa.Soft = ipsec.Lifetime{Duration: 3400 * time.Second, Kilobytes: 4000000}
		sa.Hard = ipsec.Lifetime{Duration: 3600 * time.Second, Kilobytes: 4608000}
		sa.Encap = &ipsec.Encap{LocalPort: 4500, RemotePort: 31000}
		sa.DF = ipsec.DFClear
		r1.Must(r1.InstallSA(sa))
		s, err := r1.get(sa.SAID)
		r1.Must(err)
		if s.id != sa.SAID || s.reqID != sa.ReqID || s.lft != lifetimes(sa.Soft, sa.Hard) || s.lft.HardByteLimit != 4608000*1024 || s.lft.HardAddExpiresSeconds != 3600 {
			t.Errorf("reads back as %+v", s)
		}
		want := "encap type espinudp sport 4500 dport 31000"
		if d == ipsec.In {
			want = "encap type espinudp sport 31000 dport 4500"
		}
		if !strings.Contains(r1.Run("ip", "xfrm", "state", "list", "spi", strconv.Itoa(int(sa.SPI))), want) {
			t.Errorf("%s: no %q", d, want)
		}
		if !strings.Contains(r1.Run("ip", "xfrm", "state", "list", "spi", strconv.Itoa(int(sa.SPI))), "flag nopmtudisc") {
			t.Errorf("%s: df-bit clear is not the kernel's", d)
		}
		sa.Hard.Duration = 7200 * time.Second
		r1.Must(r1.UpdateSA(sa))
		if s, err = r1.get(sa.SAID); err != nil || s.lft.HardAddExpiresSeconds != 7200 {
			t.Errorf("after the update %+v, %v", s.lft, err)
		}
	}
}

// What the kernel refuses comes back with what was asked and without the keys.
func TestSARefused(t *testing.T) {
	r1, _ := routers(t)
	good := r1.withSPI(plane.VTI(), ipsec.In, 0x3000)
	r1.Must(r1.InstallSA(good))
	bad := r1.withSPI(plane.VTI(), ipsec.Out, 0x3001)
	bad.EncrKey = suite.Key("nineteen octets key")
	cipher := *suite.AES
	cipher.XFRM = "cbc(nonesuch)"
	unknown := r1.withSPI(plane.VTI(), ipsec.Out, 0x3001)
	unknown.Encr = &cipher
	absent := r1.withSPI(plane.VTI(), ipsec.Out, 0x3001)
	_, query := r1.QuerySA(absent.SAID)
	for _, c := range []struct {
		err  error
		want string
	}{
		{r1.InstallSA(good), "install in SA ESP 192.0.2.2 -> 192.0.2.1 spi 0x00003000 mark 0xb000001 cbc(aes), key of 128 bits hmac(sha256), key of 256 bits: file exists"},
		{r1.InstallSA(bad), "install out SA ESP 192.0.2.1 -> 192.0.2.2 spi 0x00003001 mark 0xb000001 cbc(aes), key of 152 bits hmac(sha256), key of 256 bits: invalid argument"},
		{r1.InstallSA(unknown), "install out SA ESP 192.0.2.1 -> 192.0.2.2 spi 0x00003001 mark 0xb000001 cbc(nonesuch), key of 128 bits hmac(sha256), key of 256 bits: function not implemented"},
		{r1.UpdateSA(absent), "update out SA ESP 192.0.2.1 -> 192.0.2.2 spi 0x00003001 mark 0xb000001 cbc(aes), key of 128 bits hmac(sha256), key of 256 bits: no such process"},
		{query, "query SA ESP 192.0.2.1 -> 192.0.2.2 spi 0x00003001 mark 0xb000001: no such process"},
	} {
		if c.err == nil || !strings.HasPrefix(c.err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", c.err, c.want)
		}
		if c.err != nil && strings.Contains(c.err.Error(), "nineteen") {
			t.Error("the error holds a key")
		}
	}
	// What was refused is not waited for.
	if n := len(r1.installed); n != 1 {
		t.Errorf("%d SAs remembered, want 1", n)
	}
}

// ESP with AH around it are two SAs to the kernel. They come together or not at
// all, carry GRE, and go together.
func TestBundle(t *testing.T) {
	r1, r2 := routers(t)
	tun := plane.GRE()
	tun.MTU = 1382
	bundle := func(sa *ipsec.SA) {
		sa.AH, sa.AHSPI = suite.HMACSHA256, sa.SPI+0x5000
		sa.AHKey = plane.Key(sa.AH.KeyLen, sa.SPI)
	}
	both(r1, r2, func(r *router) {
		for _, p := range r.Policies(tun) {
			p.AH = true
			r.Must(r.SetPolicy(p))
		}
		r.Must(r.SetLink(r.Link(tun)))
	})
	sa := r1.SA(tun, ipsec.Out)
	bundle(&sa)
	bad := sa
	bad.EncrKey = suite.Key("nineteen octets key")
	if err := r1.InstallSA(bad); err == nil || r1.stand() != "" {
		t.Errorf("%v, and what is left:\n%s", err, r1.stand())
	}
	both(r1, r2, func(r *router) { r.KeyUp(tun, bundle) })
	shown := r1.Run("ip", "xfrm", "state", "list", "spi", strconv.Itoa(spi12+0x5000))
	if !strings.Contains(shown, "proto ah") || !strings.Contains(shown, "mode transport") || !strings.Contains(shown, "align4") {
		t.Errorf("no AH around:\n%s", shown)
	}
	sent := r1.Sent("e0")
	plane.Exchange(t, r1.Router, r2.Router, 3)
	r1.Run("ping", "-c", "1", "-W", "30", "-M", "do", "-s", strconv.Itoa(tun.MTU-28), "10.0.0.2")
	for _, p := range sent.Packets() {
		if p.Protocol() != 51 || len(p.Data) > 1500 || p.Data[6]&0x3f != 0 {
			t.Errorf("not AH, fragmented or too large:\n%s", sent)
		}
	}
	r1.Must(r1.RemoveSA(sa.SAID))
	if left := r1.stand(); strings.Count(left, "\n") != 2 {
		t.Errorf("SAs after one direction went:\n%s", left)
	}
	r1.Must(r1.open(New).Sweep()) // as the next start of the daemon
	if left := r1.stand() + r1.Sh("ip xfrm policy"); left != "" {
		t.Errorf("after the sweep:\n%s", left)
	}
}

// stand lists the kernel's SAs, a line each, without the larval ones that wait for
// an answer to an acquire.
func (r *router) stand() string {
	return r.Sh("ip xfrm state | grep 'spi 0x' | grep -v 0x00000000 || true")
}

// SAs and policies between IPv6 addresses, for IPv6 traffic, are kept as asked,
// with UDP encapsulation too.
func TestIPv6(t *testing.T) {
	r1, _ := routers(t)
	own, peer := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	all := netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	for _, encap := range []*ipsec.Encap{nil, {LocalPort: 4500, RemotePort: 31000}} {
		tun := plane.VTI()
		tun.Cipher, tun.Integ = suite.AESGCM16, nil
		sa := r1.withSPI(tun, ipsec.In, 0x3000)
		sa.Src, sa.Dst, sa.Selector, sa.Encap = peer, own, ipsec.Selector{Local: all, Remote: all}, encap
		r1.Must(r1.InstallSA(sa))
		s, err := r1.get(sa.SAID)
		if err != nil || s.id != sa.SAID || s.replay != sa.Replay {
			t.Errorf("reads back as %+v, %v", s, err)
		}
		shown := r1.Run("ip", "-6", "xfrm", "state", "list", "spi", strconv.Itoa(int(sa.SPI)))
		if !strings.Contains(shown, "src 2001:db8::2 dst 2001:db8::1") || !strings.Contains(shown, "aead rfc4106(gcm(aes))") || strings.Contains(shown, "espinudp") != (encap != nil) {
			t.Errorf("iproute2 shows\n%s", shown)
		}
		r1.Must(r1.RemoveSA(sa.SAID))
	}
	p := ipsec.Policy{Direction: ipsec.Out, Selector: ipsec.Selector{Local: all, Remote: all}, Mark: 0x0b000001, ReqID: ipsec.ReqIDBase | 1,
		Mode: ipsec.Tunnel, Protocol: ipsec.ESP, Local: own, Remote: peer}
	r1.Must(r1.SetPolicy(p))
	r1.Must(r1.SetPolicy(p))
	if shown := r1.Run("ip", "-6", "xfrm", "policy"); strings.Count(shown, "src ::/0 dst ::/0") != 1 || !strings.Contains(shown, "tmpl src 2001:db8::1 dst 2001:db8::2") {
		t.Errorf("iproute2 shows\n%s", shown)
	}
	r1.Must(r1.RemovePolicy(p))
	if shown := r1.Run("ip", "-6", "xfrm", "policy"); strings.Contains(shown, "tmpl") {
		t.Errorf("left:\n%s", shown)
	}
}
