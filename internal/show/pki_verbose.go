package show

import (
	"crypto/ecdsa"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"strconv"
	"strings"

	"github.com/obol-ike/obol/pki"
)

// keyUses are the bits of the key usage extension, in its order.
var keyUses = []struct {
	bit  x509.KeyUsage
	word string
}{
	{x509.KeyUsageDigitalSignature, "Digital Signature"},
	{x509.KeyUsageContentCommitment, "Non Repudiation"},
	{x509.KeyUsageKeyEncipherment, "Key Encipherment"},
	{x509.KeyUsageDataEncipherment, "Data Encipherment"},
	{x509.KeyUsageKeyAgreement, "Key Agreement"},
	{x509.KeyUsageCertSign, "Key Cert Sign"},
	{x509.KeyUsageCRLSign, "CRL Signature"},
	{x509.KeyUsageEncipherOnly, "Encipher Only"},
	{x509.KeyUsageDecipherOnly, "Decipher Only"},
}

// extendedUses are the extended key usages that have names.
var extendedUses = map[x509.ExtKeyUsage]string{
	x509.ExtKeyUsageServerAuth: "Server Auth", x509.ExtKeyUsageClientAuth: "Client Auth", x509.ExtKeyUsageCodeSigning: "Code Signing",
	x509.ExtKeyUsageEmailProtection: "Email Protection", x509.ExtKeyUsageIPSECEndSystem: "IPSEC End System",
	x509.ExtKeyUsageIPSECTunnel: "IPSEC Tunnel", x509.ExtKeyUsageIPSECUser: "IPSEC User", x509.ExtKeyUsageTimeStamping: "Time Stamping",
	x509.ExtKeyUsageOCSPSigning: "OCSP Signing", x509.ExtKeyUsageAny: "Any",
}

// extras is what show crypto pki certificates verbose adds below the dates.
func extras(p *printer, c *x509.Certificate) {
	p.f("  Subject Key Info:\n")
	switch pub := c.PublicKey.(type) {
	case *rsa.PublicKey:
		p.f("    Public Key Algorithm: rsaEncryption\n    RSA Public Key: (%d bit)\n", pub.N.BitLen())
	case *ecdsa.PublicKey:
		p.f("    Public Key Algorithm: ecEncryption\n    EC Public Key:  (%d bit)\n", pub.Params().BitSize)
	default:
		p.f("    Public Key Algorithm: %s\n", c.PublicKeyAlgorithm)
	}
	p.f("  Signature Algorithm: %s\n", signatureWords(c.SignatureAlgorithm))
	md5Sum, sha1Sum := md5.Sum(c.Raw), sha1.Sum(c.Raw)
	p.f("  Fingerprint MD5: %s \n  Fingerprint SHA1: %s \n", pki.Fingerprint(md5Sum[:]), pki.Fingerprint(sha1Sum[:]))
	p.f("  X509v3 extensions:\n")
	if c.KeyUsage != 0 {
		var bits uint32
		var words []string
		for i, u := range keyUses {
			if c.KeyUsage&u.bit != 0 {
				bits |= 1 << (31 - i)
				words = append(words, u.word)
			}
		}
		p.f("    X509v3 Key Usage: %X\n", bits)
		for _, word := range words {
			p.f("      %s\n", word)
		}
	}
	if len(c.SubjectKeyId) > 0 {
		p.f("    X509v3 Subject Key ID: %s \n", pki.Fingerprint(c.SubjectKeyId))
	}
	if c.BasicConstraintsValid {
		p.f("    X509v3 Basic Constraints:\n        CA: %s\n", strings.ToUpper(strconv.FormatBool(c.IsCA)))
	}
	if len(c.DNSNames)+len(c.IPAddresses) > 0 {
		p.f("    X509v3 Subject Alternative Name:\n")
		for _, name := range c.DNSNames {
			p.f("        %s\n", name)
		}
		for _, address := range c.IPAddresses {
			p.f("        IP Address : %s\n", address)
		}
	}
	if len(c.AuthorityKeyId) > 0 {
		p.f("    X509v3 Authority Key ID: %s \n", pki.Fingerprint(c.AuthorityKeyId))
	}
	p.f("    Authority Info Access:\n")
	for _, url := range c.OCSPServer {
		p.f("        OCSP URL: %s\n", url)
	}
	for _, url := range c.IssuingCertificateURL {
		p.f("        CA ISSUERS: %s\n", url)
	}
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) > 0 {
		p.f("    Extended Key Usage:\n")
		for _, oid := range c.UnknownExtKeyUsage {
			p.f("        %s\n", oid)
		}
		for _, use := range c.ExtKeyUsage {
			p.f("        %s\n", extendedUses[use])
		}
	}
}

// signatureWords are IOS's: SHA256 with RSA Encryption.
func signatureWords(a x509.SignatureAlgorithm) string {
	hash, key, found := strings.Cut(strings.ReplaceAll(a.String(), "ECDSA-SHA", "SHA-ECDSA-"), "-RSA")
	switch {
	case found && key == "":
		return hash + " with RSA Encryption"
	case strings.HasPrefix(hash, "SHA-ECDSA-"):
		return "SHA" + strings.TrimPrefix(hash, "SHA-ECDSA-") + " with ECDSA"
	}
	return a.String()
}
