package lint

import (
	"crypto/subtle"
	"fmt"
	"slices"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
)

// able says whether an end has what a method of IKEv1 needs.
func (e end) able(m policy.AuthMethod) bool {
	if m == policy.PreShare {
		return e.Config.In(e.vrf()).InitiatorKey(e.isakmp(), e.local(), e.peer()).Key != nil
	}
	return e.store.Fallback(e.list()).Trustpoint != nil
}

// has says whether a policy of IKEv1 has a method.
func (r *router) has(m policy.AuthMethod) bool {
	return slices.ContainsFunc(r.Config.Policies, func(p *policy.ISAKMPPolicy) bool { return p.Auth == m })
}

// keys tells of tunnels whose end has nothing to authenticate itself with, or the
// peer.
func (c *checker) keys(r *router) {
	for _, e := range r.ends() {
		if e.ikev2() != nil {
			c.ikev2Keys(e)
			continue
		}
		where := []ios.Pos{e.profilePos(), e.tunnel.Pos}
		psk, rsa := r.has(policy.PreShare), r.has(policy.RSASig)
		switch {
		case psk && e.able(policy.PreShare), rsa && e.able(policy.RSASig):
		case psk && !(rsa && len(r.Config.Trustpoints) > 0):
			c.add(NoKey, Error, where, fmt.Sprintf("add pre-shared-key address %s to %s", e.peer(), e.keyring()), "%s: there is no pre-shared key for %s in %s", e.tunnel.Name, e.peer(), e.keyring())
		case rsa && e.store.NotRSA(e.list()) != nil:
			tp := e.store.NotRSA(e.list()).Name
			c.add(NoTrustpoint, Error, where, fmt.Sprintf("enrol %s with an RSA key (rsakeypair in place of eckeypair), or use IKEv2, which signs with either", tp),
				"%s: the policies authenticate by rsa-sig, which in IKEv1 wants an RSA key, and that of trustpoint %s is not RSA", e.tunnel.Name, tp)
		case rsa:
			c.add(NoTrustpoint, Error, where, "enrol a trustpoint that the profile may use, or authenticate by pre-share", "%s: the policies authenticate by rsa-sig, and no trustpoint has a certificate for it", e.tunnel.Name)
		default:
			c.add(NoProposal, Error, where, "configure crypto isakmp policy", "%s: no isakmp policy can be used", e.tunnel.Name)
		}
	}
}

// keyring is where the keys of an end are looked up.
func (e end) keyring() string {
	if p := e.isakmp(); p != nil && p.Keyring != nil && p.Keyring.Name != "default" {
		return "keyring " + p.Keyring.Name
	}
	return "crypto isakmp key"
}

func (c *checker) ikev2Keys(e end) {
	p := e.ikev2()
	k := p.InitiatorKeys(e.peer())
	where := []ios.Pos{p.Pos, e.tunnel.Pos}
	if p.Keyring != nil {
		where = append(where, p.Keyring.Pos)
	}
	missing := ""
	switch {
	case p.LocalAuth == policy.IKEv2PreShare && len(k.Local) == 0:
		missing = "to authenticate with"
	case slices.Equal(p.RemoteAuth, []policy.IKEv2Auth{policy.IKEv2PreShare}) && len(k.Remote) == 0:
		missing = "to authenticate the peer with"
	default:
		return
	}
	c.add(NoKey, Error, where, fmt.Sprintf("add a peer with address %s and pre-shared-key to the keyring that ikev2 profile %s names", e.peer(), p.Name),
		"%s: there is no pre-shared key for %s %s: %s", e.tunnel.Name, e.peer(), missing, k.Reason)
}

// pairKeys tells of pre-shared keys that differ.
func (c *checker) pairKeys(l link) {
	for i, r := range l.both {
		if i.ikev2() != nil {
			c.pairIKEv2(i, r)
			continue
		}
		if p, _ := l.agreed(i, r); p == nil || p.Auth != policy.PreShare || !i.initiates() {
			continue
		}
		mine := i.Config.In(i.vrf()).InitiatorKey(i.isakmp(), i.local(), i.peer())
		theirs := r.Config.In(r.vrf()).ResponderKey(r.local(), r.peer())
		if mine.Key != nil && theirs.Key != nil && differ(mine.Key.Key, theirs.Key.Key) {
			c.add(KeyMismatch, Error, []ios.Pos{mine.Key.Pos, theirs.Key.Pos}, "configure the same key on both", "The pre-shared key of %s for %s is not that of %s for %s", i.Name, i.peer(), r.Name, r.peer())
			return // the other way it is the same fault
		}
	}
}

// pairIKEv2 compares the key with which i authenticates with what r expects.
func (c *checker) pairIKEv2(i, r end) {
	mine, theirs := i.ikev2().InitiatorKeys(i.peer()), r.ikev2().InitiatorKeys(r.peer())
	if i.ikev2().LocalAuth != policy.IKEv2PreShare || len(mine.Local) == 0 || len(theirs.Remote) == 0 || !differ(mine.Local, theirs.Remote) {
		return
	}
	where := []ios.Pos{i.ikev2().Pos, r.ikev2().Pos}
	if mine.Peer != nil && theirs.Peer != nil {
		where = []ios.Pos{mine.Peer.Pos, theirs.Peer.Pos}
	}
	c.add(KeyMismatch, Error, where, "make the local key of one the remote key of the other", "The pre-shared key local of %s for %s is not the pre-shared key remote of %s for %s", i.Name, i.peer(), r.Name, r.peer())
}

func differ(x, y suite.Key) bool { return subtle.ConstantTimeCompare(x, y) == 0 }
