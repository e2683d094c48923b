package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
)

// A showing is the certificate with which an end proves itself, and whether the
// other end's profile accepts it.
type showing struct {
	initiator end
	by, to    end
	own       *pki.Trustpoint // nil: it has none to show
	asked     string          // the trustpoint of the first CA that the other end asks for
	accepted  bool
}

// begin predicts what both ends show when i begins, by the decisions that the
// daemon takes. A nil store is the router's own.
func (l link) begin(i, r end, is, rs *pki.Snapshot) (first, second showing) {
	first, second = showing{initiator: i, by: i, to: r}, showing{initiator: i, by: r, to: i}
	if i.ikev2() == nil {
		first.own, first.asked = answer(is, rs.CertificateRequests(nil), i.list())
		// The responder knows its profile only when the initiator has shown its identity.
		second.own, second.asked = answer(rs, is.CertificateRequests(i.list()), nil)
	} else {
		first.own, first.asked = i.ikev2Answer(is, rs, rs.AuthorityHashes(nil, ""), true)
		name := ""
		if first.own != nil {
			name = first.own.Name
		}
		second.own, second.asked = r.ikev2Answer(rs, is, is.AuthorityHashes(i.ikev2().VerifyTrustpoints(), name), false)
	}
	first.accepted, second.accepted = r.accepts(first.own), i.accepts(second.own)
	return first, second
}

// answer is IKEv1's choice.
func answer(s *pki.Snapshot, requests []pki.CARequest, only []string) (own *pki.Trustpoint, asked string) {
	names := make([]pki.Name, len(requests))
	for i, r := range requests {
		names[i] = r.Name
	}
	choice := s.Choose(names, only)
	if choice.Trustpoint == nil {
		choice = s.Fallback(only)
	}
	if len(requests) > 0 {
		asked = requests[0].Trustpoint
	}
	return choice.Trustpoint, asked
}

// ikev2Answer is IKEv2's choice; of is the store of the end that asks.
func (e end) ikev2Answer(s, of *pki.Snapshot, hashes []pki.KeyHash, initiator bool) (own *pki.Trustpoint, asked string) {
	only, ok := e.ikev2().SignTrustpoints(initiator)
	if choice := s.ChooseHash(hashes, only, e.ikev2().LocalAuth.Fits); ok {
		own = choice.Trustpoint
	}
	for _, tp := range of.All() {
		if len(hashes) > 0 && tp.CA.KeyHash() == hashes[0] {
			return own, tp.Name
		}
	}
	return own, ""
}

// list are the trustpoints that the profile accepts certificates of; nil: all.
func (e end) list() []string {
	switch {
	case e.ikev2() != nil:
		return e.ikev2().VerifyTrustpoints()
	case e.isakmp() != nil:
		return e.isakmp().Trustpoints
	}
	return nil
}

// listPos are the lines of that list.
func (e end) listPos() []ios.Pos {
	switch {
	case e.ikev2() != nil:
		return e.ikev2().TrustpointAt
	case e.isakmp() != nil:
		return e.isakmp().TrustpointAt
	}
	return nil
}

// listLine is the line that adds a trustpoint to the list.
func (e end) listLine(name string) string {
	if e.ikev2() != nil {
		return "pki trustpoint " + name
	}
	return "ca trust-point " + name
}

// authorities are the CAs that the profile accepts, by the trustpoint's name.
func (e end) authorities() map[string]*pki.Trustpoint {
	all := map[string]*pki.Trustpoint{}
	for _, tp := range e.store.All() {
		if only := e.list(); len(only) == 0 || slices.Contains(only, tp.Name) {
			all[tp.CA.Subject.Canonical()] = tp
		}
	}
	return all
}

// accepts says whether the profile accepts a certificate of the peer's.
func (e end) accepts(own *pki.Trustpoint) bool {
	return own != nil && e.authorities()[own.CA.Subject.Canonical()] != nil
}

// shows says whether an end proves itself by a certificate.
func (e end) shows(with *policy.ISAKMPPolicy) bool {
	if e.ikev2() != nil {
		return e.ikev2().LocalAuth != policy.IKEv2PreShare
	}
	return with != nil && with.Auth == policy.RSASig
}

// words are the trustpoints of a list in a sentence.
func words(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// refusal says why the other end does not accept what is shown.
func (s showing) refusal() string {
	if s.own == nil {
		return fmt.Sprintf("%s of %s has no certificate to show of a CA that %s asks for", s.by.profile(), s.by.Name, s.to.Name)
	}
	text := fmt.Sprintf("%s shows its certificate of %s, and %s of %s accepts %s only", s.by.Name, s.own.Name, s.to.profile(), s.to.Name, words(s.to.accepted()))
	if s.asked != "" {
		text = fmt.Sprintf("%s asks for %s first, ", s.to.Name, s.asked) + text
	}
	return text
}

// accepted are the trustpoints that the profile accepts certificates of.
func (e end) accepted() (names []string) {
	for _, tp := range e.store.All() {
		if only := e.list(); len(only) == 0 || slices.Contains(only, tp.Name) {
			names = append(names, tp.Name)
		}
	}
	return names
}
