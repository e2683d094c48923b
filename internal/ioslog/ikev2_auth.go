package ioslog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// ikev2HashesResolved: for each hash that leads to a trustpoint, until one may
// sign, the PKI goes through those that there are in the order of their display.
// One of another CA costs it two lookups.
func ikev2HashesResolved(e ikev2.HashesResolved) []Line {
	retrieving := ikev2Line(e.SA, "[IKEv2 -> PKI] Retrieving trustpoint(s) from received certificate hash(es)")
	found := resolved(e.Choice)
	if len(found) == 0 {
		return join(retrieving, failing(ikev2Line(e.SA, "[PKI -> IKEv2] Retrieved trustpoint(s): NONE")))
	}
	var lines []Line
	for _, name := range found {
		lines = join(lines, retrieving, ikev2Line(e.SA, "[PKI -> IKEv2] Retrieved trustpoint(s): '%s'", name))
		for _, known := range e.PKI.Identities() {
			if known.Name == name {
				lines = join(lines, pkiLine(": Trust-Point %s picked up", name))
				continue
			}
			for range 2 {
				lines = join(lines, pkiLine(": crypto_pki_get_cert_record_by_subject()"), pkiLine(": Found a subject match"))
			}
		}
		lines = join(lines, pkiLine(": 1 matching trustpoints found"))
	}
	return lines
}

// resolved are the trustpoints that IOS tells of: the one that signs, and where
// the profile names none, all that the hashes lead to.
func resolved(c pki.Choice) []string {
	switch {
	case c.Trustpoint != nil:
		return []string{c.Trustpoint.Name}
	case c.Index < 0:
		return nil
	}
	var names []string
	for _, x := range c.Considered {
		if x.Trustpoint != "" && !slices.Contains(names, x.Trustpoint) {
			names = append(names, x.Trustpoint)
		}
	}
	return names
}

var configAttributes = map[uint16]string{
	wire.CPApplicationVersion: "app-version", wire.CPUnitySplitDNS: "split-dns", wire.CPUnityBanner: "banner",
	wire.CPUnityBackupServers: "backup-gateway", wire.CPUnityDefDomain: "def-domain",
}

func ikev2ConfigBuilt(e ikev2.ConfigBuilt) []Line {
	kind := strings.ToLower(strings.TrimPrefix(e.Config.Type.String(), "CFG_"))
	lines := join(ikev2Plain("Config data to send:"), ikev2Line(e.SA, "Config-type: Config-%s ", kind))
	for _, a := range e.Config.Attributes {
		name, ok := configAttributes[a.Type]
		if !ok {
			name = fmt.Sprintf("unknown - %d", a.Type)
		}
		text := fmt.Sprintf("Attrib type: %s, length: %d", name, len(a.Value))
		if len(a.Value) > 0 {
			text += ", data: " + printable(string(a.Value))
		}
		lines = join(lines, ikev2Line(e.SA, "%s", text))
	}
	return join(lines, ikev2Line(e.SA, "Have config mode data to send"))
}

func ikev2AuthBuilt(e ikev2.AuthBuilt) []Line {
	lines := join(ikev2Line(e.SA, "Check for EAP exchange"), ikev2Line(e.SA, "Generate my authentication data"))
	if e.KeyLen > 0 {
		lines = join(lines, ikev2Line(e.SA, "Use preshared key for id %s, key len %d", printable(e.ID), e.KeyLen))
	}
	return join(lines, ikev2Line(e.SA, "Get my authentication method"), ikev2Line(e.SA, "My authentication method is '%s'", e.Method))
}

// ikev2CertificateFetched is in the words of a chain that is got: how IOS tells of one
// by hash and URL is not known.
func ikev2CertificateFetched(e ikev2.CertificateFetched) []Line {
	lines := ikev2Line(e.SA, "[PKI -> IKEv2] Getting of certificate from %s %s", printable(e.URL), passed(e.Reason == ""))
	if e.Reason != "" {
		return failing(lines)
	}
	return lines
}

// ikev2ProfileSearched: without a profile an item is missing in the database.
func ikev2ProfileSearched(e ikev2.ProfileSearched) []Line {
	lines := ikev2Line(e.SA, "Searching policy based on peer's identity '%s' of type '%s'", printable(e.PeerID), e.Type)
	if e.Profile != "" {
		return join(lines, ikev2Plain("found matching IKEv2 profile '%s'", e.Profile))
	}
	return join(lines,
		failing(ikev2Plain("%%Profile could not be found by peer certificate.")),
		failing(ikev2Plain("%% IKEv2 profile not found")),
		failing(ikev2Line(e.SA, ": Failed to locate an item in the database")))
}

// ikev2ChainValidated is the question to the PKI, what that does, and its answer.
func ikev2ChainValidated(e ikev2.ChainValidated) []Line {
	h := handle(e.ConnID)
	lines := join(
		ikev2Line(e.SA, "[IKEv2 -> PKI] Validating certificate chain"),
		pkiLine(": (%s) Adding peer certificate", h),
		pkiLine(": ip-ext-val: IP extension validation not required"),
		pkiLine(": (%s) Check for identical certs", h),
		pkiLine(": (%s) Create a list of suitable trustpoints", h),
		verdict(e.ConnID, e.Verdict),
		validity(e.Verdict),
	)
	answer := ikev2Line(e.SA, "[PKI -> IKEv2] Validation of certificate chain %s", passed(e.Verdict.OK))
	if e.Verdict.OK {
		return join(lines, answer, ikev2Line(e.SA, "Verify peer's authentication data"))
	}
	return join(lines, failing(answer))
}

// validity is what the router logs of a certificate whose time is not now, or
// that was revoked.
func validity(v pki.Verdict) []Line {
	const failed = "Certificate chain validation has failed.  The certificate (SN: %s) "
	switch {
	case v.Code == pki.Expired && v.Certificate != nil:
		return syslog("PKI-3-CERTIFICATE_INVALID_EXPIRED: "+failed+"has expired.    Validity period ended on %s", v.Serial, clock(v.Certificate.X509.NotAfter))
	case v.Code == pki.NotYetValid && v.Certificate != nil:
		return syslog("PKI-3-CERTIFICATE_INVALID_NOT_YET_VALID: "+failed+"is not yet valid   Validity period starts on %s", v.Serial, clock(v.Certificate.X509.NotBefore))
	case v.Code == pki.Revoked:
		return syslog("PKI-3-CERTIFICATE_REVOKED: "+failed+"is revoked", v.Serial)
	case v.Code == pki.Unauthorized:
		return syslog("PKI-3-CERTIFICATE_INVALID_UNAUTHORIZED: Certificate chain validation has failed.  Unauthorized")
	}
	return nil
}

// ikev2AuthVerified has IOS's own spelling.
func ikev2AuthVerified(e ikev2.AuthVerified) []Line {
	if !e.OK {
		return failing(ikev2Line(e.SA, "Verification of peer's authentication data FAILED"))
	}
	return join(
		ikev2Line(e.SA, "Verification of peer's authenctication data PASSED"),
		ikev2Line(e.SA, "Check for EAP exchange"))
}

func ikev2HandshakeFailed(e ikev2.HandshakeFailed) []Line {
	if e.Exchange == wire.ExchangeSAInit {
		return ikev2Error(e.SA, "Initial exchange failed: Initial exchange failed")
	}
	return ikev2Error(e.SA, "Auth exchange failed ; : Failed to authenticate the IKE SA")
}

// ikev2Created: the MIB's tunnels have the numbers of the SAs.
func ikev2Created(e ikev2.SACreated) []Line {
	return join(
		ikev2Line(e.SA, "IKEV2 SA created; inserting SA into database. SA lifetime timer (%d sec) started", int64(e.Lifetime/time.Second)),
		ikev2Line(e.SA, "Session with IKE ID PAIR (%s, %s) is UP", printable(e.PeerID), printable(e.LocalID)),
		ikev2Plain("IKEv2 MIB tunnel started, tunnel index %d", e.ConnID))
}

func ikev2DuplicateChecked(e ikev2.DuplicateChecked) []Line {
	lines := ikev2Line(e.SA, "Checking for duplicate IKEv2 SA")
	if e.Found {
		return lines
	}
	return join(lines, ikev2Line(e.SA, "No duplicate IKEv2 SA found"))
}
