package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
)

// Purposes of RFC 5280 section 4.2.1.12 and of IPsec, by IOS's words of match eku.
var purposes = []struct {
	word string
	oid  asn1.ObjectIdentifier
	ike  bool // its certificates authenticate IKE
}{
	{"server-auth", asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}, true},
	{"client-auth", asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}, true},
	{"code-signing", asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 3}, false},
	{"email-protection", asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 4}, false},
	{"ipsec-end-system", asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 5}, true},
	{"ipsec-tunnel", asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 6}, true},
	{"ipsec-user", asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 7}, true},
	{"time-stamping", asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}, false},
	{"ocsp-signing", asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 9}, false},
	{"", asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 17}, true}, // id-kp-ipsecIKE
	{"", asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 8, 2, 2}, true},  // iKEIntermediate
	{"", asn1.ObjectIdentifier{2, 5, 29, 37, 0}, true},            // anyExtendedKeyUsage
}

// PurposeWords are the words of match eku.
func PurposeWords() (words []string) {
	for _, p := range purposes {
		if p.word != "" {
			words = append(words, p.word)
		}
	}
	return words
}

// keyUsages are IOS's words of match key-usage, in which case does not matter.
var keyUsages = []struct {
	word string
	bit  x509.KeyUsage
}{
	{"crlsign", x509.KeyUsageCRLSign},
	{"dataencipherment", x509.KeyUsageDataEncipherment},
	{"decipheronly", x509.KeyUsageDecipherOnly},
	{"digitalsignature", x509.KeyUsageDigitalSignature},
	{"encipheronly", x509.KeyUsageEncipherOnly},
	{"keyagreement", x509.KeyUsageKeyAgreement},
	{"keycertsign", x509.KeyUsageCertSign},
	{"keyencipherment", x509.KeyUsageKeyEncipherment},
	{"nonrepudiation", x509.KeyUsageContentCommitment},
}

// KeyUsageWords are the words of match key-usage.
func KeyUsageWords() (words []string) {
	for _, u := range keyUsages {
		words = append(words, u.word)
	}
	return words
}

var oidExtendedKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

// purposesOf are the extended key usages of a certificate, and whether it has the
// extension. The parser has read it before.
func purposesOf(c *Certificate) (list []asn1.ObjectIdentifier, present bool) {
	for _, e := range c.X509.Extensions {
		if e.Id.Equal(oidExtendedKeyUsage) {
			if _, err := asn1.Unmarshal(e.Value, &list); err != nil {
				list = nil // of no use for anything
			}
			return list, true
		}
	}
	return nil, false
}

// checkLeaf checks that the peer's own certificate is for what it is used for.
func checkLeaf(c *Certificate, tp *Trustpoint) *refusal {
	const signing = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	// RFC 4945 section 5.1.3.2: a key usage, where present, has to permit digital
	// signatures or non-repudiation.
	if !permits(c, signing) {
		return refuse(KeyUsage, "its key usage does not permit signatures")
	}
	for _, u := range keyUsages {
		if c.X509.KeyUsage&u.bit == 0 && slices.Contains(tp.KeyUsage, u.word) {
			return refuse(KeyUsage, "its key usage does not say %s, which match key-usage wants", u.word)
		}
	}
	if r := checkPurposes(c, tp); r != nil {
		return r
	}
	if !tp.authorizes(c) {
		return refuse(Unauthorized, "no match certificate of trustpoint %s takes it", tp.Name)
	}
	return nil
}

// checkPurposes obeys RFC 4945 section 5.1.3.12, which has a certificate refused whose
// extended key usage is present and not for IKE. What IKE's is nobody agrees on: CAs
// give routers the usages of IPsec, which are deprecated, and those of TLS, and IOS
// takes them. match eku wants each of its words besides.
func checkPurposes(c *Certificate, tp *Trustpoint) *refusal {
	list, present := purposesOf(c)
	ike := !present
	for _, p := range purposes {
		has := slices.ContainsFunc(list, p.oid.Equal)
		ike = ike || has && p.ike
		if !has && p.word != "" && slices.Contains(tp.EKU, p.word) {
			return refuse(ExtendedKeyUsage, "its extended key usage is not for %s, which match eku wants", p.word)
		}
	}
	if !ike {
		return refuse(ExtendedKeyUsage, "its extended key usage is not for IKE: %s", words(list))
	}
	return nil
}

// words names purposes.
func words(list []asn1.ObjectIdentifier) (s string) {
	for i, oid := range list {
		word := oid.String()
		for _, p := range purposes {
			if p.word != "" && p.oid.Equal(oid) {
				word = p.word
			}
		}
		if i > 0 {
			s += ", "
		}
		s += word
	}
	return s
}
