package ioslog

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
)

func TestEnrolmentLines(t *testing.T) {
	for _, c := range []struct {
		event ike.Event
		want  []string
	}{
		{pki.EnrolmentStep{Trustpoint: "ca", Text: "Client sending PKCSReq"}, []string{"CRYPTO_PKI: ca:Client sending PKCSReq"}},
		{pki.RequestMade{Trustpoint: "ca", DER: []byte("request")}, []string{
			"CRYPTO_PKI:  Certificate Request Fingerprint MD5: 10573B87 3D2FA5A3 65D558A4 5E328E47",
			"CRYPTO_PKI:  Certificate Request Fingerprint SHA1: 088E29B0 AB007956 0DEA5D3E 5AEB2F78 68AF661E",
		}},
		{pki.EnrolmentGranted{Trustpoint: "ca"}, []string{
			"CRYPTO_PKI: All enrollment requests completed for trustpoint ca.",
			"%PKI-6-CERTRET: Certificate received from Certificate Authority",
		}},
		{pki.EnrolmentRejected{Trustpoint: "ca", Reason: "badRequest"}, []string{
			"CRYPTO_PKI: status = 101: certificate request is rejected: badRequest",
			"%PKI-6-CERTREJECT: Certificate enrollment request was rejected by Certificate Authority",
		}},
		{pki.EnrolmentFailed{Trustpoint: "ca", Reason: "PKCSReq: the server answers 500"}, []string{"CRYPTO_PKI: ca: PKCSReq: the server answers 500"}},
	} {
		var got []string
		logged := false
		for _, l := range Lines(ike.Report{Event: c.event}) {
			got = append(got, l.Text)
			logged = logged || l.Facility == Syslog
			if l.Facility != Syslog && l.Facility != PKITransactions {
				t.Errorf("%q is shown by debug crypto %s", l.Text, l.Facility)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%T: want -, got +:\n%s", c.event, d)
		}
		if logged != Logged(c.event) {
			t.Errorf("%T: Logged says %v", c.event, Logged(c.event))
		}
	}
}
