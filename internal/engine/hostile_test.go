package engine

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/wire"
)

// Row 30 of the hostile inputs: a peer takes, in another IKE SA, the SPI of a pair
// that stands; or another host behind its address does. The second pair does not
// come up. The first stays in the kernel and in the books of its owner: of the
// peer's latest IKE SA, or of the one host.
func TestSPIOfAnotherSession(t *testing.T) {
	for name, owner := range map[string]int{"": 1, "other": 0} {
		h := newHub(t, 1)
		h.peer(0, 0, 1)
		if len(h.sas) != 2 {
			t.Fatalf("%d SAs in the kernel", len(h.sas))
		}
		h.as = name
		h.peer(0, 0, 2)
		v := h.e.Views(start)
		if len(v.Sessions) != 2 || len(v.Sessions[owner].Children) != 1 || len(v.Sessions[1-owner].Children) != 0 {
			t.Fatalf("as %q: %d sessions, the first with %d pairs", name, len(v.Sessions), len(v.Sessions[0].Children))
		}
		if len(h.sas) != 2 || len(h.e.children.of) != 2 {
			t.Fatalf("as %q: %d SAs in the kernel, %d in the books", name, len(h.sas), len(h.e.children.of))
		}
		first := v.Sessions[owner].Children[0]
		if !h.sas[first.In.SAID] || !h.sas[first.Out.SAID] || h.e.children.of[first.Out.SAID] != h.e.sessions.all[owner] {
			t.Errorf("as %q: the first pair is no longer what stands", name)
		}
	}
}

// Row 12: a first message of aggressive mode with nothing acceptable is refused,
// and with the responder's SPI of the refusal nothing more can be said.
func TestRefusedAggressive(t *testing.T) {
	r := newTarget(t, targetConfig)
	peer := netip.MustParseAddr("192.168.0.1")
	r.receive(peer, ag1(0, idea))
	if len(r.sent) != 1 || len(r.sessions.all) != 0 {
		t.Fatalf("%d answers, %d sessions", len(r.sent), len(r.sessions.all))
	}
	m, err := wire.Parse(r.sent[0].Data)
	if err != nil || m.Exchange != wire.ExchangeInformational {
		t.Fatalf("%v %v", m, err)
	}
	h := m.Header
	for _, x := range []wire.ExchangeType{wire.ExchangeAggressive, wire.ExchangeMainMode, wire.ExchangeInformational, wire.ExchangeQuickMode} {
		for _, flags := range []wire.Flags{0, wire.FlagEncryption} {
			h.Exchange, h.Flags, h.MessageID = x, flags, 7
			b := wire.NewBuilder(nil, h)
			b.Add(wire.PayloadHash, wire.Raw(make([]byte, 20)))
			r.receive(peer, b.Bytes())
		}
	}
	if len(r.sent) != 1 || r.counters.UnknownSA != 8 {
		t.Errorf("%d answers, %d of no session", len(r.sent), r.counters.UnknownSA)
	}
	r.empty()
}

// Row 12 too: where the configuration forbids aggressive mode, nobody gets a HASH
// to search for our key with: there is silence.
func TestAggressiveModeDisabled(t *testing.T) {
	r := newTarget(t, "crypto isakmp aggressive-mode disable\n"+targetConfig)
	r.receive(netip.MustParseAddr("192.168.0.1"), ag1(0, aes))
	if len(r.sent) != 0 {
		t.Errorf("%d answers", len(r.sent))
	}
	r.empty()
}

// Row 11: messages of no state, encrypted ones among them, get no answer, and
// neither does what begins none; nothing is left of them.
func TestNoState(t *testing.T) {
	r := newTarget(t, targetConfig)
	peer := netip.MustParseAddr("192.168.0.1")
	n := 0
	for x := range 256 {
		for _, version := range []wire.Version{wire.V1, 0x11, 0x20, 0x21, 0xf0, 0} {
			for _, responder := range []byte{0, 9} {
				for flags := range wire.Flags(8) {
					h := wire.Header{InitiatorSPI: wire.SPI{7}, ResponderSPI: wire.SPI{responder}, Version: version, Exchange: wire.ExchangeType(x), Flags: flags, MessageID: 5}
					b := wire.NewBuilder(nil, h)
					b.Add(wire.PayloadHash, wire.Raw(make([]byte, 36)))
					r.receive(peer, b.Bytes())
					n++
				}
			}
		}
	}
	if len(r.sent) != 0 {
		t.Errorf("%d answers to %d messages", len(r.sent), n)
	}
	if c := r.counters; c.UnknownSA == 0 || c.Unsupported == 0 || c.Malformed == 0 || c.Sessions != 0 {
		t.Errorf("%+v", c)
	}
	r.empty()
}

// Row 28: MM1 with each octet bent in turn gets silence, MM2 or one refusal. MM2
// holds a transform that was offered and nothing else; the refusal is the same
// octets whatever the message held, but for cookies and message id: nothing of it,
// or of our memory, comes back.
func TestNothingLeaks(t *testing.T) {
	peer := netip.MustParseAddr("192.168.0.1")
	first := mm1(0, aes)
	got := map[string]int{}
	for at := range first {
		for _, bit := range []byte{1, 0x10, 0x80} {
			bad := bytes.Clone(first)
			bad[at] ^= bit
			r := newTarget(t, targetConfig)
			r.receive(peer, bad)
			if len(r.sent) == 0 {
				got["silence"]++
				continue
			}
			m, err := wire.Parse(r.sent[0].Data)
			if err != nil || len(r.sent) != 1 {
				t.Fatalf("octet %d: %d answers, %v", at, len(r.sent), err)
			}
			switch m.Exchange {
			case wire.ExchangeInformational:
				got["refusal"]++
				refusal := wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, Type: wire.NotifyNoProposalChosen}.Append(nil)
				if len(m.Payloads) != 1 || !bytes.Equal(m.Payloads[0].Body, refusal) || len(m.Rest) != 0 {
					t.Errorf("octet %d: %x", at, r.sent[0].Data)
				}
			case wire.ExchangeMainMode:
				got["MM2"]++
				sent, _ := wire.Parse(bad)
				sa, _ := sent.First(wire.PayloadSA)
				chosen, _ := m.First(wire.PayloadSA)
				theirs, err := wire.ParseSAV1(sa.Body)
				ours, err2 := wire.ParseSAV1(chosen.Body)
				if err != nil || err2 != nil || !bytes.Equal(theirs.Proposals[0].Transforms[0].Append(nil)[2:], ours.Proposals[0].Transforms[0].Append(nil)[2:]) {
					t.Errorf("octet %d: %x", at, r.sent[0].Data)
				}
			default:
				t.Errorf("octet %d: %s", at, m.Exchange)
			}
			r.pass(2 * time.Minute)
			r.empty()
		}
	}
	t.Log(got)
	if len(got) != 3 {
		t.Errorf("%v", got)
	}
}
