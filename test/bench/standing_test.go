//go:build bench

package bench

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// standing is how many tunnels obold has at once, each with another peer.
const standing = 1_000

func peerAddr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 1, byte(i / 200), byte(i%200 + 1)})
}

// BenchmarkStanding reports the live heap of obold for one of many tunnels: an IKE
// SA and its child SA, without what the configuration takes.
func BenchmarkStanding(b *testing.B) {
	for _, k := range kinds {
		if k.version != 2 || k.group != "31" {
			continue
		}
		b.Run(k.name, func(b *testing.B) {
			l := newLab(b, k)
			// The collector prints what lives; the smaller its step the newer that is.
			r := l.obold(manyTunnels(l.config(1, "192.168.1.1", "192.168.1.2"), standing), "GODEBUG=gctrace=1", "GOGC=3")
			l.host.IP("route add local 10.1.0.0/16 dev lo")
			r.host.IP("route add 10.1.0.0/16 via 192.168.1.2")
			for b.Loop() {
				before := l.live(r)
				for i := range standing {
					peer := l.initiator(peerAddr(i).String(), "192.168.1.1")
					child, err := peer.Up()
					must(b, err)
					if !child {
						b.Fatal("no child SA")
					}
					must(b, peer.Close())
				}
				b.ReportMetric(float64(l.live(r)-before)*1024/standing, "KB/tunnel")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

var liveHeap = regexp.MustCompile(`->(\d+) MB, `)

// live is the live heap of obold in MB, as its collector saw it last.
func (l *lab) live(r *responder) int {
	l.b.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, r.host.Name+".log"))
	must(l.b, err)
	all := liveHeap.FindAllSubmatch(text, -1)
	if len(all) == 0 {
		l.b.Fatal("the collector has not run")
	}
	n, err := strconv.Atoi(string(all[len(all)-1][1]))
	must(l.b, err)
	return n
}

// manyTunnels is a configuration with an interface for each of n peers in place of
// Tunnel1.
func manyTunnels(config []byte, n int) []byte {
	head, rest, _ := bytes.Cut(config, []byte("interface Tunnel1\n"))
	_, tail, _ := bytes.Cut(rest, []byte("interface Ethernet0/0\n"))
	var text strings.Builder
	text.Write(head)
	for i := range n {
		fmt.Fprintf(&text, `interface Tunnel%d
 ip address 172.%d.%d.%d 255.255.255.252
 tunnel source Ethernet0/0
 tunnel destination %s
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile IPSEC
`, i+1, 16+i>>14, i>>6&255, i&63*4+1, peerAddr(i))
	}
	fmt.Fprintf(&text, "interface Ethernet0/0\n%s", tail)
	return []byte(text.String())
}
