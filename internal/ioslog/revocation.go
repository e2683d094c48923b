package ioslog

import "github.com/obol-ike/obol/internal/engine"

// revocationAsked is in the words of a check that has to ask; IOS tells of each
// validation that does, here it is told once for all that wait.
func revocationAsked(e engine.RevocationAsked) []Line {
	q := e.Query
	if q.Method == "ocsp" {
		return join(
			pkiLine(": Starting OCSP revocation check"),
			pkiLine(": OCSP server URL is %s", q.URLs[0]),
		)
	}
	lines := join(
		pkiLine(": Starting CRL revocation check"),
		pkiLine(": Matching CRL not found"),
	)
	if q.SCEP {
		return join(lines, pkiLine(": CDP does not exist. Use SCEP to query CRL."))
	}
	return join(lines, pkiLine(": Select crl(%s)", q.Issuer().Subject))
}

// revocationAnswered tells why there is no answer, too, where IOS does not.
func revocationAnswered(e engine.RevocationAnswered) []Line {
	if e.Err == nil {
		return pkiLine(": Revocation check is complete, 0")
	}
	lines := join(
		pkiLine(": %s: %v", e.Query, e.Err),
		pkiLine(": Revocation check is complete, 1"),
	)
	if e.Query.Method == "ocsp" {
		return lines
	}
	return join(syslog("PKI-3-CRL_FETCH_FAIL: CRL fetch for trustpoint %s failed Reason : %v", e.Query.Trustpoint, e.Err), lines)
}
