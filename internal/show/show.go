// Package show writes the texts of IOS's show commands from read-only views.
// The layouts, with their trailing blanks, are IOS's own.
package show

import (
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/tunnel"
)

// NoDataPlane stands above every text when SAs are not carried out.
const NoDataPlane = "% No data plane: SAs are kept in memory only"

// Counters gives what the data plane counted for an SA; false when it does not
// know the SA.
type Counters func(ipsec.SAID) (ipsec.Counters, bool)

// printer collects a text. The writers of the package build it whole, so that
// one Write shows it.
type printer struct{ text []byte }

func (p *printer) f(format string, args ...any) { p.text = fmt.Appendf(p.text, format, args...) }

// flush writes the text. A reader that went away is the caller's business.
func (p *printer) flush(w io.Writer) error {
	_, err := w.Write(p.text)
	return err
}

// hms is a duration as hh:mm:ss.
func hms(d time.Duration) string {
	s := max(int64(d/time.Second), 0)
	return fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
}

// slashed is an end of an IKE SA: 192.168.0.1/500.
func slashed(a netip.AddrPort) string { return fmt.Sprintf("%s/%d", a.Addr(), a.Port()) }

// mapTag names the crypto map that IOS makes for a protected tunnel.
func mapTag(name string) string { return name + "-head-0" }

// protected says whether a tunnel has IPsec to show.
func protected(t tunnel.View) bool { return t.Profile != "" && t.Source.IsValid() }

// pair is a child SA pair and the IKE SA that made it.
type pair struct {
	ikev1.ChildView
	connID uint32
}

// pairs collects the child SA pairs of a tunnel, oldest IKE SA first.
func pairs(sas []ikeSA, name string) []pair {
	var all []pair
	for _, s := range sas {
		for _, c := range s.children {
			if c.Tunnel == name {
				all = append(all, c)
			}
		}
	}
	return all
}

// count adds up one direction of the pairs.
func count(all []pair, counters Counters, d ipsec.Direction) ipsec.Counters {
	var sum ipsec.Counters
	for _, p := range all {
		c, _ := counters(p.sa(d).SAID)
		sum = sum.Plus(c)
	}
	return sum
}

func (p pair) sa(d ipsec.Direction) ipsec.SA {
	if d == ipsec.In {
		return p.In
	}
	return p.Out
}

// left is what remains of a pair's lifetimes in one direction: kilobytes, 0
// without such a limit, and seconds.
func (p pair) left(now time.Time, counters Counters, d ipsec.Direction) (kilobytes uint64, seconds int64) {
	c, _ := counters(p.sa(d).SAID)
	if used := c.Octets / 1024; used < p.Volume {
		kilobytes = p.Volume - used
	}
	if !p.Expires.IsZero() {
		seconds = max(int64(p.Expires.Sub(now)/time.Second), 0)
	}
	return kilobytes, seconds
}
