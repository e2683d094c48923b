// Package pki holds trustpoints as values: identities in the order in which
// IOS shows them, certificate requests, the choice of a certificate by the
// peer's requests, and verdicts on the peer's certificate chain. It is pure:
// the store (package pki/store) brings certificates, keys and CRLs from disk,
// the caller brings the time.
package pki

import (
	"cmp"
	"crypto"
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/suite"
)

// RevocationMethod is a word of revocation-check.
type RevocationMethod string

// Methods of revocation-check.
const (
	RevocationCRL  RevocationMethod = "crl"
	RevocationOCSP RevocationMethod = "ocsp"
	RevocationNone RevocationMethod = "none"
)

// Settings is a crypto pki trustpoint block.
type Settings struct {
	Name          string
	EnrollmentURL string
	SubjectName   string // as written: CN=R1,OU=IT,O=cisco,O=com

	SerialNumber     bool       // serial-number: the router's serial number goes into the subject
	SerialNumberNone bool       // serial-number none
	FQDN             string     // fqdn NAME, "" when not given
	FQDNNone         bool       // fqdn none
	IPAddress        netip.Addr // ip-address, zero when not given
	IPAddressNone    bool       // ip-address none

	AlternativeNames []string // subject-alt-name: DNS names besides the FQDN

	// RevocationCheck lists the methods in order; the next one is taken when
	// one has no answer. Empty means IOS's default, crl alone.
	RevocationCheck []RevocationMethod

	OCSPURL     string // ocsp url, "" for the certificate's own
	OCSPNoNonce bool   // ocsp disable-nonce
	CRLCache    CRLCache
	Matches     []CertificateMatch // match certificate, in order
	KeyUsage    []string           // match key-usage: KeyUsageWords that the peer's certificate is to have
	EKU         []string           // match eku: PurposeWords, likewise

	// chain-validation continue: the CA of this trustpoint has itself to stand
	// under another one. The default is stop: it is trusted by being there.
	ChainContinue bool
	ChainParent   string // the trustpoint above, "" for any whose CA issued it

	Terminal    bool // enrollment terminal: requests and certificates go by cut and paste
	TerminalPEM bool // in PEM

	SelfSigned bool   // enrollment selfsigned: there is no CA
	RSAKeypair string // rsakeypair LABEL
	RSABits    int    // its size, 0 when not given
	ECKeypair  string // eckeypair LABEL
	Hash       string // hash of the enrolment request
	Usage      string // usage {ike | ssl-client | ssl-server}

	// Enrolment over the network.
	EnrollmentRA bool       // enrollment mode ra: an RA stands before the CA
	RetryCount   int        // enrollment retry count, 0: DefaultRetryCount
	RetryMinutes int        // enrollment retry period, 0: DefaultRetryMinutes
	HTTPProxy    string     // enrollment http-proxy, host:port
	Source       netip.Addr // source interface: its address, zero when not given
	Fingerprint  []byte     // of the CA certificate that may be trusted: MD5, SHA-1 or SHA-256
	AutoEnroll   int        // auto-enroll: percent of the lifetime after which to renew, 0 not at all
	Regenerate   bool       // a renewal makes a new key
	Password     suite.Key  // challenge password, a secret

	Line string // "file:line" of the block, for messages
}

// CRLCache is crl cache; the zero value keeps a CRL until its next update.
type CRLCache struct {
	None        bool          // each exchange fetches
	DeleteAfter time.Duration // at the latest; 0: not before
	Extend      time.Duration // how long after its next update it does where no newer one is to be had
}

// CertificateMatch is match certificate MAP: what the map takes the trustpoint takes,
// and perhaps with less.
type CertificateMatch struct {
	Map            *CertificateMap
	AllowExpired   bool   // allow expired-certificate
	SkipRevocation bool   // skip revocation-check
	CDP            string // override cdp url: in place of the certificate's own
	OCSP           string // override ocsp url: in place of ocsp url and of the certificate's own
}

// plain says that the line authorizes, and nothing more.
func (m CertificateMatch) plain() bool { return m == CertificateMatch{Map: m.Map} }

// overrides are the URLs that are asked about a certificate in place of others, each
// of the first line that gives one.
func (s *Settings) overrides(c *Certificate) (cdp, ocsp string) {
	for _, m := range s.Matches {
		if (m.CDP != "" || m.OCSP != "") && m.Map.Matches(c) {
			cdp, ocsp = cmp.Or(cdp, m.CDP), cmp.Or(ocsp, m.OCSP)
		}
	}
	return cdp, ocsp
}

// authorizes says whether a peer's certificate is one that the trustpoint is for.
func (s *Settings) authorizes(c *Certificate) bool {
	return !slices.ContainsFunc(s.Matches, CertificateMatch.plain) ||
		slices.ContainsFunc(s.Matches, func(m CertificateMatch) bool { return m.plain() && m.Map.Matches(c) })
}

func (s *Settings) allowsExpired(c *Certificate) bool {
	return slices.ContainsFunc(s.Matches, func(m CertificateMatch) bool { return m.AllowExpired && m.Map.Matches(c) })
}

// skips says whether a certificate is not checked for revocation.
func (s *Settings) skips(c *Certificate) bool {
	return slices.ContainsFunc(s.Matches, func(m CertificateMatch) bool { return m.SkipRevocation && m.Map.Matches(c) })
}

// Defaults of enrollment retry.
const (
	DefaultRetryCount   = 10
	DefaultRetryMinutes = 1
)

// Signer is an identity's private key.
type Signer = crypto.Signer

// Trustpoint is a configured trustpoint with what the store has for it.
type Trustpoint struct {
	Settings
	// CA is the trustpoint's CA certificate and the only trust anchor of the
	// trustpoint; nil while not authenticated.
	CA *Certificate
	// Identity is this router's own certificate; nil while not enrolled.
	Identity *Certificate
	// Chain holds the certificates that go out after the identity, in issuer
	// order: every CA above it that is not self-signed.
	Chain []*Certificate
	// Signer is the identity's key; nil when the store has none.
	Signer Signer
	// Key is what else is known about it; nil when nothing is.
	Key  *KeyPair
	CRLs []*CRL
	// Enrolled is the order of enrolment, the highest is the newest; 0: no
	// identity.
	Enrolled uint64
}

// usable says whether the trustpoint is able to sign.
func (tp *Trustpoint) usable() bool { return tp.Identity != nil && tp.Signer != nil }
