package ioslog

import (
	"strings"

	"github.com/obol-ike/obol/ikev1"
)

func keySearched(e ikev1.KeySearched) []Line {
	if e.Keyring == "" {
		return isakmp(":(%d):No pre-shared key with %s!", e.ConnID, e.Remote.Addr())
	}
	lines := isakmp(":(%d):found peer pre-shared key matching %s", e.ConnID, e.Remote.Addr())
	if !e.Comparing {
		return lines
	}
	return join(lines,
		isakmp(":(%d): local preshared key found", e.ConnID),
		isakmp(" : Scanning profiles for xauth ... %s", strings.Join(e.Profiles, " ")))
}

func profileKeyring(e ikev1.ProfileKeyring) []Line {
	if e.Found {
		return isakmp(":(%d):Found ADDRESS key in keyring %s", e.ConnID, e.Keyring)
	}
	return isakmp(":(%d):Key not found in keyrings of profile , aborting exchange", e.ConnID)
}
