package scenario

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// While an IKE SA is being renewed there are two with the one peer, which has one
// mapping: a packet of a child SA of one moves both, and no more than these.
func TestRebindingMovesEveryIKESA(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/natt-renewal.txtar")
	if err != nil {
		t.Fatal(err)
	}
	archive.Comment = []byte("start\nnat 192.168.0.1 R1\ninitiate R1 Tunnel1\nwait up 5s\nadvance 580s\nwant isakmp R2 2\nrebind\nmark\nflow R1 Tunnel1 R2 Tunnel1 1s\n")
	r := newRun(archive, 1)
	if err := r.all(); err != nil {
		t.Fatal(err)
	}
	r2, _ := r.router("R2")
	ports := map[uint16]int{}
	for _, s := range r2.Views().Sessions {
		ports[s.Remote.Port()]++
	}
	if len(ports) != 1 || ports[1026] > 0 {
		t.Errorf("R2's IKE SAs go to ports %v", ports)
	}
	if n := strings.Count(strings.Join(log(r2), "\n"), "Detected port floating"); n != 2 {
		t.Errorf("%d moves", n)
	}
}
