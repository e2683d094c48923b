package ioslog

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/pki"
)

// initiator is R1's side of an SA that R1 began.
func initiator(connID uint32, state ikev1.State) ikev1.SA {
	return ikev1.SA{
		ConnID: connID, Role: ikev1.Initiator, State: state,
		Local: netip.MustParseAddrPort("192.168.0.1:500"), Remote: netip.MustParseAddrPort("192.168.0.2:500"),
	}
}

// swap is the same with the routers' places exchanged.
func swap(sa ikev1.SA) ikev1.SA {
	sa.Local, sa.Remote = sa.Remote, sa.Local
	return sa
}

func responder(sa ikev1.SA) ikev1.SA {
	sa.Role = ikev1.Responder
	return sa
}

// name encodes a distinguished name from the form that IOS prints.
func name(t *testing.T, text string) pki.Name {
	t.Helper()
	oids := map[string]asn1.ObjectIdentifier{
		"cn": {2, 5, 4, 3}, "ou": {2, 5, 4, 11}, "o": {2, 5, 4, 10}, "c": {2, 5, 4, 6}, "serialNumber": {2, 5, 4, 5},
		"hostname": {1, 2, 840, 113549, 1, 9, 2}, "ipaddress": {1, 2, 840, 113549, 1, 9, 8},
	}
	var rdns pkix.RDNSequence
	for _, part := range strings.SplitAfter(strings.ReplaceAll(text, ", ", "\x00"), ",") {
		var set pkix.RelativeDistinguishedNameSET
		for _, ava := range strings.Split(strings.ReplaceAll(strings.TrimSuffix(part, ","), "\x00", ", "), "+") {
			key, value, _ := strings.Cut(ava, "=")
			set = append(set, pkix.AttributeTypeAndValue{Type: oids[key], Value: value})
		}
		rdns = append(pkix.RDNSequence{set}, rdns...)
	}
	der, err := asn1.Marshal(rdns)
	if err != nil {
		t.Fatal(err)
	}
	n, err := pki.ParseName(der)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// certificate is valid from 3 to 23 February 2026.
func certificate(t *testing.T) *pki.Certificate {
	t.Helper()
	return &pki.Certificate{X509: &x509.Certificate{
		NotBefore: time.Date(2026, time.February, 3, 0, 51, 51, 0, time.UTC),
		NotAfter:  time.Date(2026, time.February, 23, 0, 51, 51, 0, time.UTC),
	}}
}
