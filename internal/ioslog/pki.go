package ioslog

import (
	"fmt"
	"strings"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// certType is IOS's word for a certificate encoding.
func certType(e wire.CertEncoding) string {
	switch e {
	case wire.EncodingX509Signature:
		return "CT_X509_SIGNATURE"
	case wire.EncodingX509KeyExchange:
		return "CT_X509_KEY_EXCHANGE"
	}
	return fmt.Sprintf("type %d", uint8(e))
}

func certReqRead(e ikev1.CertReqRead) []Line {
	lines := join(
		isakmp(":(%d): processing CERT_REQ payload. message ID = %d", e.ConnID, e.MessageID),
		isakmp(":(%d): peer wants a %s cert", e.ConnID, certType(e.Encoding)),
	)
	if e.Issuer.IsZero() {
		return lines // any issuer will do
	}
	return join(lines, isakmp(":(%d): peer wants cert issued by %s", e.ConnID, e.Issuer))
}

func profileListExamined(e ikev1.ProfileListExamined) []Line {
	lines := isakmp(": Examining profile list for trustpoint %s", e.Trustpoint)
	if !e.Found {
		return lines
	}
	return join(lines, isakmp(": Found matching profile for %s", e.Trustpoint))
}

func trustpointChosen(e ikev1.TrustpointChosen) []Line {
	if e.Fallback || e.Trustpoint == "" {
		return nil
	}
	return []Line{{Facility: ISAKMP, Text: "Choosing trustpoint " + e.Trustpoint + " as issuer"}}
}

func certRead(e ikev1.CertRead) []Line {
	return join(
		isakmp(":(%d): processing CERT payload. message ID = 0", e.ConnID),
		isakmp(":(%d): processing a %s cert", e.ConnID, certType(e.Encoding)),
	)
}

// validationListBuilt: IOS looks for a cached key and a keyring first. Without
// a list every trustpoint may validate, and no list is printed.
func validationListBuilt(e ikev1.ValidationListBuilt) []Line {
	lines := isakmp(":(%d): peer's pubkey isn't cached", e.ConnID)
	if e.Profile != "" && !e.Keyring {
		lines = join(lines, isakmp(":(%d):Profile has no keyring, aborting key search", e.ConnID))
	}
	if len(e.Trustpoints) == 0 {
		return lines
	}
	return join(lines, isakmp(":(0): Creating CERT validation list: %s,", strings.Join(e.Trustpoints, ", ")))
}

var pkiWords = map[ikev1.PKIRequest][2]string{
	ikev1.GetOwnChain:   {"Get CertificateChain to be sent to peer", "Got CertificateChain to be sent to peer"},
	ikev1.AddPeerCert:   {"Add peer's certificate", "Added peer's certificate"},
	ikev1.GetPeerChain:  {"Get PeerCertificateChain", "Got PeerCertificateChain"},
	ikev1.ValidateChain: {"Validate certificate chain", "Validate certificate chain"},
}

// pkiCall renders a question to the PKI with what the PKI then does, or its
// answer.
func pkiCall(e ikev1.PKICall) []Line {
	say := func(from, to, words string) []Line {
		return isakmp(":(%d): %s->%s %s state (%s) %s (peer %s)", e.ConnID, from, to, words, e.Role, state(e.State), e.Remote.Addr())
	}
	words := pkiWords[e.Call]
	if e.Answer {
		answer := say("PKI", "IKE", words[1])
		if e.Verdict != nil {
			return join(verdict(e.ConnID, *e.Verdict), answer)
		}
		return answer
	}
	lines := say("IKE", "PKI", words[0])
	switch e.Call {
	case ikev1.AddPeerCert:
		return join(lines, pkiLine(": (%s) Adding peer certificate", handle(e.ConnID)))
	case ikev1.ValidateChain:
		return join(lines,
			pkiLine(":ip-ext-val:IP extension validation not required"),
			pkiLine(": (%s) Check for identical certs", handle(e.ConnID)),
			pkiLine(": (%s) Create a list of suitable trustpoints", handle(e.ConnID)),
		)
	}
	return lines
}

// handle is the number of a PKI session, five hexadecimal digits. The IKE SA
// is what our PKI knows of sessions.
func handle(connID uint32) string { return fmt.Sprintf("%05X", 0xA0000|connID&0xffff) }

// verdict tells why, too, where IOS does not.
func verdict(connID uint32, v pki.Verdict) []Line {
	h := handle(connID)
	if v.OK {
		return pkiLine(": (%s) Certificate validation succeeded", h)
	}
	if v.Code == pki.NoTrustpoint {
		return pkiLine(": (%s) No suitable trustpoints found", h)
	}
	return pkiLine(": (%s) Certificate validation failed: %s", h, v.Reason)
}

// certRefused is what the router logs. Only where no trustpoint fits does IOS
// call the error unknown.
func certRefused(e ikev1.CertRefused) []Line {
	v := e.Verdict
	why := "certificate invalid"
	if v.Code == pki.NoTrustpoint {
		why = "unknown error returned in certificate validation"
	}
	return join(validity(v),
		syslog("CRYPTO-5-IKMP_INVALID_CERT: Certificate received from %s is bad: %s", e.Remote.Addr(), why),
		isakmp(":(%d): Unknown error in cert validation, -1", e.ConnID),
	)
}

// clock is a time as IOS prints it in sentences: 00:51:51 UTC Feb 23 2026.
func clock(t time.Time) string { return t.Format("15:04:05 MST Jan 2 2006") }
