package ikev2

import (
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// PolicyFound is the search for a crypto ikev2 policy.
type PolicyFound struct {
	SA
	Policy string // "" for none
	Smart  bool   // the one that IOS has without being told
}

// KeyringSearched is the search for a pre-shared key.
type KeyringSearched struct {
	SA
	Keyring string
	Block   string // of the peer that matched, "" for none
}

// ProposalBuilt is one proposal that we offer: for an IKE SA or for a child SA.
type ProposalBuilt struct {
	SA
	Proposal wire.ProposalV2
}

// OfferRefused says that no proposal of the peer will do.
type OfferRefused struct {
	SA
	Received, Expected wire.SAV2
	Checks             []Checked
}

// GroupWanted says that the responder wants another group than ours first: the
// request goes out again.
type GroupWanted struct {
	SA
	Sent  uint16 // group of the key that went out
	Group *suite.Group
}

// InitVerified says that a message of IKE_SA_INIT is whole.
type InitVerified struct{ SA }

// NATChecked is what NAT detection found: who sits behind a NAT.
type NATChecked struct {
	SA
	Self, Peer bool
}

// InitCompleted ends IKE_SA_INIT.
type InitCompleted struct{ SA }

// HashesResolved is what the hashes of a CERTREQ lead to. Choice has the trustpoint
// of each, whether the profile allows it or not.
type HashesResolved struct {
	SA
	Choice pki.Choice
	PKI    *pki.Snapshot // that was asked
}

// ChainFetched is the certificate chain of a trustpoint of ours.
type ChainFetched struct {
	SA
	Trustpoint string
	OK         bool
}

// CertificateFailed says that we have no certificate to show.
type CertificateFailed struct {
	SA
	Reason string
}

// ConfigBuilt shows the configuration payload of ours.
type ConfigBuilt struct {
	SA
	Config wire.CPV2
}

// AuthBuilt says how we authenticate; KeyLen is that of a pre-shared key.
type AuthBuilt struct {
	SA
	Method string // IOS's word: PSK, RSA, ECDSA ...
	ID     string
	KeyLen int
}

// IdentityBuilt is our identification payload.
type IdentityBuilt struct {
	SA
	Payload wire.PayloadType // IDi or IDr
	ID      string
	Type    string // IOS's word
}

// AuthNotifiesRead comes before the notifications of an IKE_AUTH response.
type AuthNotifiesRead struct{ SA }

// CertificateSought says that a certificate, which the peer shows by hash and URL, is
// fetched.
type CertificateSought struct {
	SA
	URL string
}

// CertificateFetched is what came of it.
type CertificateFetched struct {
	SA
	URL    string
	Reason string // why it is of no use, "": it is here
}

// ProfileSearched is the choice of a profile by the peer's identity.
type ProfileSearched struct {
	SA
	PeerID  string
	Type    string // IOS's word
	Profile string // "": not found
	Reason  string // one sentence
	// AlsoRans are the profiles that were not taken.
	AlsoRans []policy.AlsoRan[*policy.IKEv2Profile]
}

// PolicyVerified says that the peer's identity is one that the profile is for.
type PolicyVerified struct{ SA }

// PeerMethod is how the peer authenticates.
type PeerMethod struct {
	SA
	Method string // IOS's word
}

// MethodRefused says that the profile does not take the method by which the peer
// authenticates.
type MethodRefused struct {
	SA
	Profile string
}

// KeyMissing says that there is no pre-shared key: to authenticate with, or the
// peer's.
type KeyMissing struct {
	SA
	Peer bool
}

// PeerKeySearched says that the peer's pre-shared key is looked for.
type PeerKeySearched struct {
	SA
	PeerID string
}

// ChainValidated is the verdict on the peer's certificates.
type ChainValidated struct {
	SA
	Verdict pki.Verdict
}

// AuthVerified is the verdict on the peer's AUTH payload.
type AuthVerified struct {
	SA
	OK     bool
	Reason string // of a refusal
}

// IDCertMismatch says that a peer that has proved itself has a certificate without
// the identity that it gives. It is told, and no more.
type IDCertMismatch struct {
	SA
	ID      string
	Type    wire.IDType
	Subject pki.Name
}

// SelectorsRefused says that no tunnel is for the peer's traffic selectors.
type SelectorsRefused struct {
	SA
	Profile bool // one would be, but for the profile
	Reason  string
}

// HandshakeFailed ends a session that was not authenticated.
type HandshakeFailed struct {
	SA
	Exchange wire.ExchangeType // in which
	Reason   string
}
