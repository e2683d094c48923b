package ikev2

import "github.com/obol-ike/obol/wire"

// ChildRequested says that an exchange of ours for a child SA begins.
type ChildRequested struct {
	SA
	Tunnel string
	Rekeys uint32 // SPI of the inbound SA that it is to replace, 0 for none
}

// ChildAsked is the peer's request for one.
type ChildAsked struct {
	SA
	Tunnel string
	Rekeys uint32
}

// RekeyRequested says that an exchange of ours to rekey the IKE SA begins, and
// RekeyAsked that one of the peer's does.
type RekeyRequested struct{ SA }

// RekeyAsked is the peer's request to rekey the IKE SA.
type RekeyAsked struct{ SA }

// SARekeyed says that a new IKE SA, which the event is about, has taken over the
// child SAs of an old one.
type SARekeyed struct {
	SA
	Old SA
}

// RekeyFailed says that an exchange of ours to rekey the IKE SA came to nothing, and why.
type RekeyFailed struct {
	SA
	Reason string
}

// CollisionSettled says that both ends rekeyed the same SA at the same time, and
// whose new SA stays.
type CollisionSettled struct {
	SA
	Child uint32 // SPI of the inbound SA that was to be replaced, 0: the IKE SA
	Lost  bool   // ours goes
}

// CreateRefused is the error with which the peer answers a request of ours to
// create or rekey an SA.
type CreateRefused struct {
	SA
	Type wire.NotifyTypeV2
}
