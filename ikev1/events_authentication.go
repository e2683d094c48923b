package ikev1

import (
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// KeySearched is the search for the pre-shared key of the peer's address.
type KeySearched struct {
	SA
	Keyring   string   // that holds it, "": none does
	Comparing bool     // an offer is about to be compared; false: before our own
	Profiles  []string // all that are configured
}

// ProfileKeyring says whether the keyring of the profile that the peer's
// identity leads to holds the key that was used.
type ProfileKeyring struct {
	SA
	Profile string
	Keyring string // of the key that was used
	Found   bool
}

// MethodMissing says that there is nothing to authenticate with by a method, and
// that the negotiation ends for it.
type MethodMissing struct {
	SA
	Method policy.AuthMethod
}

// HashRefused says that the peer's HASH does not hold.
type HashRefused struct {
	SA
	Exchange wire.ExchangeType
}

// AggressiveDisabled says that aggressive mode is wanted and forbidden.
type AggressiveDisabled struct{ SA }
