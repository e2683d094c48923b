package engine

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

// Row 26 in version 2: a flood of first messages, of as many forged addresses or of
// one, leaves no more half-open SAs than crypto ikev2 limit says, none when they
// have timed out, and the memory of before. With a cookie-challenge it leaves what
// that says.
func TestFloodV2(t *testing.T) {
	const flood = 20_000
	const once = 16 << 10 // octets, of what is made with the first
	first := strange(t, peerAddr(0), 0).says()[0]
	for _, c := range []struct {
		name  string
		more  string
		peers int
		left  int
	}{
		{"of forged addresses", "", flood, 40},
		{"of one address", generous, 1, 64},
		{"with a cookie-challenge", generous + "crypto ikev2 cookie-challenge 10\n", flood, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTargetV2(t, c.more, peerAddr(0))
			before := live()
			for n := range flood {
				message := bytes.Clone(first)
				binary.BigEndian.PutUint64(message, uint64(n+1))
				from := n % c.peers
				r.receive(netip.AddrFrom4([4]byte{100, byte(from >> 16), byte(from >> 8), byte(from)}), message)
				if len(r.sessions.all) > c.left {
					t.Fatalf("%d sessions after %d messages", len(r.sessions.all), n+1)
				}
			}
			if n := r.halfOpen.v2; n != c.left || len(r.sessions.all) != n {
				t.Errorf("%d half-open, want %d", n, c.left)
			}
			r.sent = nil
			if got, most := int64(live())-int64(before), once+halfOpenLimit*int64(c.left); got > most {
				t.Errorf("%d octets live, at most %d", got, most)
			}
			r.pass(5 * time.Minute)
			r.empty()
			if most := 2 * 3 * muteAfter; r.told > most {
				t.Errorf("%d ends are told, at most %d", r.told, most)
			}
		})
	}
}

// One address that begins and does not go on, even where it answers cookies, leaves
// room for others.
func TestOneAddressV2(t *testing.T) {
	for more, challenge := range map[string]int{"": 100, "crypto ikev2 cookie-challenge 5\n": 5} {
		r := newTargetV2(t, more, peerAddr(0), peerAddr(1))
		for i := range 100 {
			auth := 2 // the message that does not come
			if i >= challenge {
				auth = 3
			}
			strange(t, peerAddr(0), byte(i)).carry(r, auth)
		}
		if most := r.env.Config.IKEv2.MaxIncoming / 2; r.halfOpen.v2 > most || r.halfOpen.v2 == 0 {
			t.Errorf("%d half-open, at most %d", r.halfOpen.v2, most)
		}
		if s := strange(t, peerAddr(1), 0); s.carry(r, 0) != nil || !s.Established() {
			t.Error("another peer is kept out")
		}
	}
}

// Who finishes handshakes with a wrong key leaves no more behind than who does not
// finish them, and keeps nobody else out.
func TestRefusedV2(t *testing.T) {
	from := peerAddr(0)
	r := newTargetV2(t, "", from, peerAddr(1))
	for i := range 200 {
		strangeWith(t, "crypto ikev2 keyring KR\n peer ALL\n  pre-shared-key wrong\n", from, byte(i)).carry(r, 0)
	}
	if n, most := len(r.sessions.all), r.env.Config.ISAKMP.HalfOpenPerPeer; n > most || r.halfOpen.total != 0 {
		t.Errorf("%d sessions, %d half-open, at most %d", n, r.halfOpen.total, most)
	}
	if s := strange(t, peerAddr(1), 0); s.carry(r, 0) != nil || !s.Established() {
		t.Error("another peer is kept out")
	}
	r.pass(time.Minute)
	if n := len(r.sessions.all); n != 1 || len(r.halfOpen.peers) != 0 {
		t.Errorf("%d sessions are left, strangers of %d addresses", n, len(r.halfOpen.peers))
	}
}
