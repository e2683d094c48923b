package ikev2

import (
	"encoding/binary"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// addLast adds the notifications that end IKE_AUTH, in IOS's order.
func (s *Session) addLast(b *wire.Builder) {
	b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2SetWindowSize, Data: binary.BigEndian.AppendUint32(nil, uint32(s.config.IKEv2.Window))})
	addHabits(b)
}

// addHabits tells what we do with ESP, as IOS does with every child SA.
func addHabits(b *wire.Builder) {
	b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2ESPTFCPaddingNot})
	b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2NonFirstFragmentsAlso})
}

// establish ends the handshake: the peer is authenticated.
func (s *Session) establish(localID, sign string, peer *peerProof) {
	x, life, peerID := s.ike, s.profile.Lifetime, peer.id.String()
	other := s.env.Established != nil && s.env.Established(s.ends())
	s.up = &established{home: s.remote.Addr(), localID: localID, peerID: peerID, sign: sign, verify: peer.method, lifetime: life}
	s.up.schedule(s.now, x.role)
	x.before.wipe()
	s.phase, x.before = nil, nil
	s.step(x, AuthDone)
	x.takes = uint32(s.config.IKEv2.Window)
	s.readWindow(x, peer.notifies)
	s.report(SACreated{SA: s.sa(x), LocalID: localID, PeerID: peerID, Lifetime: life})
	s.step(x, Ready)
	s.report(ike.SessionUp{
		Version: 2, ConnID: s.connID, Local: s.local, Remote: s.remote,
		PeerID: peerID, Profile: s.profileName(), Initiator: x.role == Initiator,
	})
	s.report(DuplicateChecked{SA: s.sa(x), Found: other})
	s.beginLiveness(s.profile.DPD)
	s.beginKeepalives()
}

// readWindow takes the peer's SET_WINDOW_SIZE (RFC 7296 section 2.3). A window of
// nothing is none.
func (s *Session) readWindow(x *ikeSA, notifies []wire.NotifyV2) {
	for _, n := range notifies {
		if n.Type == wire.V2SetWindowSize && len(n.Data) == 4 {
			x.window = max(1, binary.BigEndian.Uint32(n.Data))
		}
	}
}
