// Package hostile says which test stands against which hostile input, and tries
// what only a whole responder shows: its log and its tables under bad input.
package hostile

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A row is one class of bad input that brought down, or opened, somebody's IKE
// daemon: those of strongSwan, Libreswan, OpenIKED and Cisco of about ten years.
type row struct {
	number int
	input  string
	after  string   // an advisory of the class
	ends   string   // how it ends here
	tests  []string // directory and name
}

// rows are those of IKEv1.
var rows = []row{
	{1, "payload types of IKEv2 in IKEv1, and the reverse", "CVE-2015-3991",
		"silence: INVALID-PAYLOAD-TYPE in the log; another version is counted as unsupported",
		[]string{"ikev1 TestPayloadsOfIKEv2", "internal/engine TestNoState"}},
	{3, "public values of zero, one, p - 1, of a wrong length, off the curve", "CVE-2015-3240, CVE-2023-41913",
		"main and aggressive mode: silence, the true message is still taken; quick mode: INVALID-KEY-INFORMATION",
		[]string{"ikev1 TestBadKeyExchange", "ikev1 TestBadPublicValues", "ikev1 TestBadPublicValueMakesNoKey", "internal/suite TestPublicValues"}},
	{5, "malformed and repeated attributes, lifetimes of 0 and of more than 64 bits", "CVE-2015-3204",
		"NO-PROPOSAL-CHOSEN, or silence where the payload cannot be read; a vast lifetime ends at ours",
		[]string{"ikev1 TestHostileAttributes", "wire TestBodyErrors", "wire TestBodyLimits"}},
	{6, "fragments: number 0, more than the last, changed, overlapping, of a huge whole, of no whole", "CVE-2016-1287, CVE-2016-6381",
		"dropped; what is kept is bounded by message, by address and in all, and for 30 seconds; where they are not configured there is silence",
		[]string{"ikev1 TestFragmentsHostile", "ikev1 TestFragmentsRefused", "ikev1 FuzzFragments", "internal/engine TestFragmentLimits"}},
	{8, "several DELETE and NOTIFY for one SA in one message", "CVE-2023-38712",
		"each SA goes once", []string{"ikev1 TestManyDeletes"}},
	{9, "a name as quick mode identity", "CVE-2023-38711",
		"INVALID-ID-INFORMATION, no SA", []string{"ikev1 TestHostileProxies"}},
	{10, "an exchange that the state does not allow", "CVE-2019-12312, CVE-2014-2338",
		"silence, and the message is taken in its turn",
		[]string{"ikev1 TestBeforeItsTurn", "ikev1 TestBeforeAuthentication", "ikev1 TestUnauthenticatedInformational", "ikev1 TestHeader"}},
	{11, "messages of no state, encrypted ones among them", "CVE-2020-1763, CVE-2022-23094",
		"silence, a line in the log, nothing kept", []string{"internal/engine TestNoState", "test/hostile TestLog"}},
	{12, "aggressive mode: nothing acceptable, then the responder's SPI again; our HASH for whoever asks", "CVE-2023-30570, CVE-2018-5389",
		"one NO-PROPOSAL-CHOSEN and then silence; silence altogether where aggressive mode is disabled",
		[]string{"internal/engine TestRefusedAggressive", "internal/engine TestAggressiveModeDisabled"}},
	{13, "an informational exchange without a valid HASH", "CVE-2019-10155",
		"it is reported, and changes nothing", []string{"ikev1 TestInformationalIntegrity", "ikev1 TestCutAndFlip"}},
	{23, "our own configuration lacks the key", "CVE-2024-2357",
		"nothing is sent, no session is kept, the reason is told", []string{"ikev1 TestUnable"}},
	{25, "MM1 of a forged address", "CVE-2016-5361",
		"IOS's six MM2, each no longer than MM1; the limits bound them", []string{"internal/engine TestAmplification"}},
	{26, "floods of first messages, of quick modes, of SAs; lists without end", "CVE-2018-0158, CVE-2017-12237",
		"no more than the limits, and nothing a minute later",
		[]string{"internal/engine TestFlood", "internal/engine TestMemory", "ikev1 TestQuickModeFlood", "ikev1 TestPairsPileUp", "test/scenario TestCrowd",
			"test/scenario TestHalfOpenFlood", "wire TestPayloadLimit"}},
	{28, "a reply that holds more than it should", "CVE-2016-6415",
		"a refusal is the same octets whatever was asked", []string{"internal/engine TestNothingLeaks"}},
	{30, "an SPI that is taken", "strongswan#2778",
		"INVALID-SPI or NO-PROPOSAL-CHOSEN, the first pair stands", []string{"ikev1 TestHostileSPI", "internal/engine TestSPIOfAnotherSession"}},
}

// rowsV2 are those of IKEv2.
var rowsV2 = []row{
	{1, "payload types of IKEv1 in IKEv2", "CVE-2015-3991",
		"skipped as unknown; with the critical bit UNSUPPORTED_CRITICAL_PAYLOAD, and silence before there are keys",
		[]string{"ikev2 TestHostileInitRequest", "ikev2 TestHostileInitResponse", "ikev2 TestHostileAuth", "wire TestParseChainV2"}},
	{2, "a KE payload of group 1025", "CVE-2014-9221",
		"INVALID_KE_PAYLOAD, nothing is kept; the group is in no table",
		[]string{"ikev2 TestHostileInitRequest", "ikev2 TestChooseChild", "ikev2 TestAdditionalKeyExchangeRefused"}},
	{3, "public values of zeros, of a wrong length, off the curve, oversized", "CVE-2015-3240, CVE-2023-41913, CVE-2026-35332",
		"silence, and the true message is still taken; with keys INVALID_SYNTAX",
		[]string{"ikev2 TestHostileInitRequest", "ikev2 TestHostileInitResponse", "ikev2 TestAdditionalKeyExchangeRefused", "ikev2 TestForgedFollowups",
			"ikev2 TestForgedFollowupAnswers", "internal/suite TestPublicValues", "internal/suite TestX25519Vector", "internal/suite TestMLKEMRefuses"}},
	{4, "proposals without D-H, with the PRF of XCBC, AES-GMAC for ESP", "CVE-2016-5391, CVE-2016-3071, CVE-2024-3652",
		"NO_PROPOSAL_CHOSEN with the reason of each proposal", []string{"ikev2 TestChooseIKE", "ikev2 TestChooseChild", "ikev2 TestAcceptIKE", "ikev2 FuzzOffer"}},
	{6, "fragments: behind other payloads, number 0, above the total, of another total, of a huge whole", "CVE-2026-12413, CVE-2016-1287",
		"dropped before anything is decrypted; what is kept is bounded by message, by address and in all, and for 30 seconds",
		[]string{"ikev2 TestFragmentsHostile", "ikev2 TestOuterPayloads", "ikev2 TestFragmentInFragment", "ikev2 TestReassembly", "ikev2 TestReassemblyLimits", "ikev2 TestFragmentFlood",
			"ikev2 FuzzReassembly", "wire TestBodyErrorsV2"}},
	{7, "traffic selectors of a wrong count or length, turned round, of mixed families", "CVE-2023-23009",
		"INVALID_SYNTAX, or TS_UNACCEPTABLE where they can be read", []string{"ikev2 TestHostileChild", "ikev2 TestOffered", "ikev2 TestNarrowed", "ikev2 FuzzSelectors",
			"wire TestBodyErrorsV2", "wire TestLimitsV2"}},
	{8, "several DELETE and NOTIFY for one SA in one message; REKEY_SA of protocol 0 or 1", "CVE-2023-38712, CVE-2023-38710",
		"each SA goes once, and is answered once; INVALID_SYNTAX", []string{"ikev2 TestDeletesInOneMessage", "ikev2 TestForgedRequests"}},
	{10, "an exchange that the state does not allow", "CVE-2019-12312, CVE-2014-2338",
		"silence, and the message is taken in its turn", []string{"ikev2 TestBeforeAuth", "ikev2 TestAdditionalKeyExchangeRefused", "ikev2 TestForgedFollowups", "ikev2 TestUnknownExchange"}},
	{14, "lenient PKCS #1: small exponents, octets behind the digest, another DigestInfo", "CVE-2018-16151, CVE-2018-16152, CVE-2018-17540",
		"AUTHENTICATION_FAILED: the one right block is built and compared", []string{"internal/suite TestForgeryWithExponent3", "internal/suite TestVerifyRefuses",
			"internal/suite TestSignatures", "ikev2 TestVerifySignatureRefuses"}},
	{15, "RSA keys with an even modulus, exponent 0 or 1; signatures of nought and above the modulus", "CVE-2017-9022, CVE-2017-11185, CVE-2021-41990",
		"the key is refused, or the signature", []string{"internal/suite TestBadKeys", "internal/suite TestVerifyRefuses"}},
	{16, "parameters of PSS: a mask without its hash, a huge salt", "CVE-2018-6459",
		"an algorithm is known octet for octet or not at all", []string{"internal/suite TestSignatures", "pki TestVerifyPSS", "ikev2 TestVerifySignatureRefuses"}},
	{19, "addresses in what nobody has verified, to be fetched", "CVE-2022-40617",
		"nothing is fetched", []string{"ikev2 TestReadCertificates", "pki TestVerifyRevocation"}},
	{20, "certificates without end", "CVE-2021-41991",
		"INVALID_SYNTAX above eight; none outlives the handshake", []string{"ikev2 TestReadCertificates", "ikev2 TestHostileAuth", "ikev2 TestReadRequests"}},
	{21, "EAP", "CVE-2021-45079, CVE-2015-8023, CVE-2023-26463",
		"AUTHENTICATION_FAILED: it is not spoken, and no message of it is looked into", []string{"ikev2 TestHostileAuth"}},
	{22, "a PRF that is agreed on and then not there", "CVE-2018-10811",
		"offers and choices are of the table that computes", []string{"ikev2 TestChooseIKE", "ikev2 TestOfferAndChoiceAgree"}},
	{26, "floods of first messages", "CVE-2018-0158",
		"a cookie is asked for in fewer octets than came in, and nothing is kept of who asks; 2 KB of who does not", []string{"ikev2 TestCookies", "ikev2 TestCookiesIgnore", "ikev2 TestHalfOpenMemory"}},
	{29, "raw keys, which are not compared right", "CVE-2020-16088",
		"they are not understood", []string{"ikev2 TestReadCertificates", "ikev2 TestVerifySignatureRefuses"}},
	{30, "an SPI that is taken", "strongswan#2778",
		"NO_PROPOSAL_CHOSEN, the first pair stands", []string{"ikev2 TestForgedRequests", "ikev2 TestFollowupSameSPI", "ikev2 TestFollowupSPITaken"}},
}

// concerned are the classes that concern each version: each stands in its list.
var concerned = map[string][]int{
	"IKEv1": {1, 3, 5, 6, 8, 9, 10, 11, 12, 13, 23, 25, 26, 28, 30},
	"IKEv2": {1, 2, 3, 4, 6, 7, 8, 10, 14, 15, 16, 19, 20, 21, 22, 26, 29, 30},
}

func TestRowsConcerned(t *testing.T) {
	for version, list := range map[string][]row{"IKEv1": rows, "IKEv2": rowsV2} {
		var got []int
		for _, r := range list {
			got = append(got, r.number)
		}
		if !slices.Equal(got, concerned[version]) {
			t.Errorf("rows of %s: %v, want %v", version, got, concerned[version])
		}
	}
}

// Every test that the lists name is there.
func TestRows(t *testing.T) {
	there := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testdata") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel("../..", filepath.Dir(path))
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				there[filepath.ToSlash(dir)+" "+f.Name.Name] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]row{rows, rowsV2} {
		for i, r := range list {
			if i > 0 && r.number <= list[i-1].number || len(r.tests) == 0 || r.input == "" || r.ends == "" || r.after == "" {
				t.Errorf("row %d is not in order", r.number)
			}
			for _, name := range r.tests {
				if !there[name] {
					t.Errorf("row %d (%s): there is no %s", r.number, r.input, name)
				}
			}
		}
	}
}
