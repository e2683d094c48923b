package lint

import (
	"fmt"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// identity is what an end tells the peer of itself, with the trustpoint that it
// shows, nil: none. ok is false when it has none to tell.
func (e end) identity(own *pki.Trustpoint) (id policy.PeerID, ok bool) {
	var told wire.IDV1
	var err error
	if p := e.ikev2(); p != nil {
		var v2 wire.IDV2
		v2, err = p.SelfIdentity(e.local(), own)
		told = wire.IDV1{Type: v2.Type, Data: v2.Data}
	} else {
		told, err = e.Config.SelfIdentity(e.isakmp(), e.local(), own)
	}
	if err == nil {
		id, err = policy.ParsePeerID(told)
	}
	return id, err == nil
}

// reach tells of identities that do not lead to the profile of the tunnel.
func (c *checker) reach(l link) {
	for i, r := range l.both {
		var own *pki.Trustpoint
		if with, _ := l.agreed(i, r); i.shows(with) {
			first, _ := l.begin(i, r, i.store, r.store)
			own = first.own
		}
		id, ok := i.identity(own)
		if !ok {
			continue
		}
		var cert *pki.Certificate
		if own != nil {
			cert = own.Identity
		}
		if r.ikev2() != nil {
			verify, choice := r.Config.In(r.vrf()).VerifyIKEv2Profile(r.ikev2(), id, cert, r.local()), r.Config.In(r.vrf()).SelectIKEv2Profile(id, cert, r.local())
			led(c, i, r, id, verify, choice)
		} else if r.isakmp() != nil {
			verify, choice := r.Config.In(r.vrf()).VerifyISAKMPProfile(r.isakmp(), id, cert, r.local()), r.Config.In(r.vrf()).SelectISAKMPProfile(id, cert, r.local())
			led(c, i, r, id, verify, choice)
		}
	}
}

// led tells where an identity leads when that is not the profile of r's tunnel.
// verify is of that profile alone.
func led[P interface {
	comparable
	Place() (name string, at ios.Pos)
}](c *checker, i, r end, id policy.PeerID, verify, choice policy.Selection[P]) {
	var none P
	switch {
	case verify.Profile == none:
		c.add(NoProfile, Error, []ios.Pos{r.profilePos(), i.profilePos()}, fmt.Sprintf("add a match identity for %s to %s of %s", id, r.profile(), r.Name),
			"%s of %s matches no peer that calls itself %s, as %s does", r.profile(), r, id, i.Name)
	case choice.Profile != verify.Profile && i.initiates():
		name, at := choice.Profile.Place()
		c.add(ProfileMismatch, Error, []ios.Pos{choice.Rule.Pos, at, r.profilePos(), r.tunnel.Pos},
			fmt.Sprintf("take that rule out of profile %s, or give %s a more specific one", name, r.profile()),
			"%s does not come up when %s begins: its identity %s leads %s to profile %s, and the tunnel is of %s", r, i.Name, id, r.Name, name, r.profile())
	}
}
