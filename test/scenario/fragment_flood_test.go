package scenario

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// A stranger begins as many SAs as one address may and leaves a message of each
// unfinished. What R2 keeps of him is limited, its peer's fragments find room all the
// same, and after half a minute the stranger's are gone: he has room again.
func TestFragmentFlood(t *testing.T) {
	r := started(t, 1, "add R1 crypto isakmp fragmentation\nadd R2 crypto isakmp fragmentation\nstart\n"+
		"loss 100%\ninitiate R1 Tunnel1\nadvance 1s\nloss 0%\nmark\n")
	mm1 := r.world.Sent[0].Datagram
	r2, _ := r.router("R2")
	stranger := netip.MustParseAddrPort("203.0.113.1:500")
	inject := func(data []byte) {
		r.world.Inject(r2.Router, ike.Datagram{Local: mm1.Remote, Remote: stranger, Data: data})
	}
	for i := range 64 {
		data := bytes.Clone(mm1.Data)
		binary.BigEndian.PutUint64(data, uint64(i)+1<<32)
		inject(data)
	}
	before := len(r.world.Sent)
	r.world.Run(time.Millisecond)
	var headers []wire.Header
	for _, s := range r.world.Sent[before:] {
		h, err := wire.ParseHeader(s.Datagram.Data)
		if err != nil {
			t.Fatal(err)
		}
		headers = append(headers, h)
	}
	flood := func() {
		for _, h := range headers {
			for n := uint8(1); n <= 60; n++ {
				b := wire.NewBuilder(nil, h)
				b.Add(wire.PayloadFragment, wire.Fragment{ID: 7, Number: n, Data: make([]byte, 512)})
				inject(b.Bytes())
			}
		}
		r.world.Run(time.Millisecond)
	}
	flood()
	const full = "want event R2 MessageRejected too many fragments of unfinished messages"
	if err := r.command(full); len(headers) != 64 || err != nil {
		t.Errorf("%d SAs of the stranger: %v", len(headers), err)
	}
	for _, line := range []string{"wait up 30s", "want event R2 Reassembled", "advance 30s", "mark"} {
		if err := r.command(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	b := wire.NewBuilder(nil, headers[0])
	b.Add(wire.PayloadFragment, wire.Fragment{ID: 8, Number: 1, Data: make([]byte, 512)})
	inject(b.Bytes())
	r.world.Run(time.Millisecond)
	if err := r.command("want no event R2 MessageRejected"); err != nil {
		t.Error(err)
	}
}
