package ioslog

import (
	"crypto/md5"
	"crypto/sha1"
	"fmt"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
)

// enrolmentLines renders what an enrolment reports: debug crypto pki, and syslog.
func enrolmentLines(e ike.Event) []Line {
	switch e := e.(type) {
	case pki.EnrolmentStep:
		return transaction(": %s:%s", e.Trustpoint, e.Text)
	case pki.RequestMade:
		return requestMade(e)
	case pki.EnrolmentGranted:
		return join(
			transaction(": All enrollment requests completed for trustpoint %s.", e.Trustpoint),
			syslog("PKI-6-CERTRET: Certificate received from Certificate Authority"),
		)
	case pki.EnrolmentRejected:
		return join(
			transaction(": status = 101: certificate request is rejected: %s", e.Reason),
			syslog("PKI-6-CERTREJECT: Certificate enrollment request was rejected by Certificate Authority"),
		)
	case pki.EnrolmentFailed:
		return transaction(": %s: %s", e.Trustpoint, e.Reason)
	}
	return nil
}

func requestMade(e pki.RequestMade) []Line {
	m, s := md5.Sum(e.DER), sha1.Sum(e.DER)
	return join(
		transaction(":  Certificate Request Fingerprint MD5: %s", pki.Fingerprint(m[:])),
		transaction(":  Certificate Request Fingerprint SHA1: %s", pki.Fingerprint(s[:])),
	)
}

// transaction makes a line of debug crypto pki transactions.
func transaction(format string, args ...any) []Line {
	return []Line{{Facility: PKITransactions, Text: "CRYPTO_PKI" + fmt.Sprintf(format, args...)}}
}
