package policy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/test/testca"
)

// words shows a proposal's transforms.
func words(p *IKEv2Proposal) string {
	var all []string
	for _, e := range p.Encr {
		all = append(all, fmt.Sprintf("%s-%d", e.Cipher.QM, e.Bits))
	}
	for _, h := range p.PRF {
		all = append(all, "prf-"+h.IOS)
	}
	for _, i := range p.Integ {
		all = append(all, i.Debug)
	}
	for _, g := range append(p.Groups, p.Additional...) {
		all = append(all, g.Name)
	}
	return strings.Join(all, " ")
}

func TestIKEv2Proposals(t *testing.T) {
	const sha, group = "\n integrity sha256 sha1", "\n group 19 14"
	for text, want := range map[string]string{
		" encryption aes-cbc-256 3des" + sha + group:                                                 "ESP_AES-256 ESP_3DES-0 prf-sha256 prf-sha HMAC-SHA256 HMAC-SHA ECP-256 MODP-2048",
		" encryption aes-cbc-128" + sha + group + "\n prf sha512":                                    "ESP_AES-128 prf-sha512 HMAC-SHA256 HMAC-SHA ECP-256 MODP-2048",
		" encryption aes-gcm-256 aes-gcm-128\n prf sha384\n group 31":                                "ESP_AES_GCM_16-256 ESP_AES_GCM_16-128 prf-sha384 CURVE25519",
		" encryption aes-gcm-256" + sha + group:                                                      "ESP_AES_GCM_16-256 prf-sha256 prf-sha ECP-256 MODP-2048",
		" encryption chacha20-poly1305\n prf sha256\n group 31\n additional-key-exchange ml-kem-768": "ESP_CHACHA20_POLY1305-0 prf-sha256 CURVE25519 ML-KEM-768",
		" encryption aes-cbc-256 aes-gcm-256" + sha + group:                                          "incomplete", // RFC 5282 section 8
		" encryption aes-cbc-256" + group:                                                            "incomplete",
		" encryption aes-cbc-256" + sha:                                                              "incomplete",
		" encryption aes-gcm-256" + group:                                                            "incomplete",
		sha + group:                                                                                  "incomplete",
		" encryption aes-cbc-256" + sha + group + "\n encryption des\n no prf":                       "ESP_DES-0 prf-sha256 prf-sha HMAC-SHA256 HMAC-SHA ECP-256 MODP-2048",
	} {
		c := compileText(t, "crypto ikev2 proposal P\n"+text+"\ncrypto ikev2 policy X\n proposal P\n")
		if want == "incomplete" {
			if len(c.IKEv2.Proposals) != 1 || len(c.IKEv2.Policies) != 1 || len(c.Warnings) != 2 ||
				!strings.HasPrefix(c.Warnings[0].Text, "IKEv2 proposal MUST either have") || !strings.HasPrefix(c.Warnings[1].Text, "IKEv2 policy MUST have atleast one complete proposal attached") {
				t.Errorf("%q: %d proposals, %v", text, len(c.IKEv2.Proposals), c.Warnings)
			}
			continue
		}
		if got := words(c.IKEv2.Proposals[0]); got != want || c.IKEv2.Policies[0].Proposals[0] != c.IKEv2.Proposals[0] {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// Without any line IOS 15 has one proposal of 15 transforms and one policy.
// A block that names the default proposal changes a part of it.
func TestIKEv2DefaultProposalChanged(t *testing.T) {
	const rest = "prf-sha512 prf-sha384 prf-sha256 prf-sha prf-md5 HMAC-SHA512 HMAC-SHA384 HMAC-SHA256 HMAC-SHA HMAC-MD5 "
	for text, want := range map[string]string{
		" group 16":                 "ESP_AES-256 ESP_AES-192 ESP_AES-128 " + rest + "MODP-4096",
		" encryption 3des":          "ESP_3DES-0 " + rest + "MODP-1536 MODP-1024",
		" integrity md5\n group 16": "ESP_AES-256 ESP_AES-192 ESP_AES-128 prf-md5 HMAC-MD5 MODP-4096",
	} {
		c := compileText(t, "crypto ikev2 proposal default\n"+text+"\n")
		if got := words(c.IKEv2.Proposals[0]); got != want || len(c.IKEv2.Policies) != 1 {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestIKEv2Defaults(t *testing.T) {
	c := compileText(t, "hostname R1\n")
	v2 := c.IKEv2
	if len(v2.Proposals) != 1 || len(v2.Policies) != 1 || v2.Policies[0].Proposals[0] != v2.Proposals[0] || v2.Policies[0].FVRF != "any" {
		t.Fatalf("%+v", v2)
	}
	p := v2.Proposals[0]
	if n := len(p.Encr) + len(p.PRF) + len(p.Integ) + len(p.Groups); n != 15 {
		t.Errorf("%d transforms: %s", n, words(p))
	}
	if v2.Window != 5 || !v2.HTTPURL || v2.SendHashURL || v2.CookieChallenge != 0 || v2.FragmentMTU != 0 || v2.MaxIncoming != 40 || v2.MaxOutgoing != 400 || v2.DiagnoseErrors != 50 {
		t.Errorf("%+v", v2)
	}
	c = compileText(t, "crypto ikev2 http-url cert\ncrypto ikev2 fragmentation\ncrypto ikev2 limit max-in-negotation-sa 7\ncrypto ikev2 window 9\nno crypto ikev2 window\ncrypto ikev2 diagnose error 7\n"+
		"crypto ikev2 policy default\n match address local 192.0.2.1\n")
	if v2 = c.IKEv2; !v2.SendHashURL || v2.FragmentMTU != 576 || v2.MaxIncoming != 7 || v2.MaxOutgoing != 7 || v2.Window != 5 || v2.DiagnoseErrors != 7 || len(v2.Policies) != 0 {
		t.Errorf("%+v", v2)
	}
	if v2 = compileText(t, "no crypto ikev2 http-url cert\nno crypto ikev2 diagnose error\n").IKEv2; v2.HTTPURL || v2.SendHashURL || v2.DiagnoseErrors != 0 {
		t.Errorf("%+v", v2)
	}
}

func TestIKEv2Profile(t *testing.T) {
	c := compileText(t, `
crypto pki trustpoint TP1
crypto pki trustpoint TP2
crypto pki certificate map M 10
 subject-name co cisco
crypto ikev2 dpd 10 3 periodic
crypto ikev2 keyring KR
 peer R2
  address 192.0.2.0 255.255.255.0
  hostname R2
  identity fqdn R2.cisco.com
  pre-shared-key local mine
  pre-shared-key remote 7 14141B180F0B
 peer R3
  address 2001:db8::/32
  pre-shared-key hex 0x0a0b
crypto ikev2 profile P
 description the note's
 match identity remote address 0.0.0.0
 match identity remote fqdn domain cisco.com
 match certificate M
 match address local interface Loopback0
 identity local fqdn R1.cisco.com
 authentication local rsa-sig
 authentication remote pre-share key theirs
 authentication remote rsa-sig
 keyring local KR
 pki trustpoint TP1 sign
 pki trustpoint TP2
 pki trustpoint TP1 verify
 lifetime 3600
 no config-exchange request
crypto ikev2 profile Q
 authentication local rsa-sig
interface Loopback0
 ip address 10.9.9.9 255.255.255.255
crypto ipsec transform-set TS esp-aes esp-sha-hmac
crypto ipsec profile I
 set transform-set TS
 set ikev2-profile P
`)
	p := c.IKEv2.Profiles[0]
	want := &IKEv2Profile{
		Name: "P", Description: "the note's",
		Matches: []Match{
			{Kind: MatchAddress, Prefix: netip.MustParsePrefix("0.0.0.0/0")}, {Kind: MatchHostDomain, Value: "cisco.com"}, {Kind: MatchCertificate, Value: "M"},
		},
		Local: []netip.Addr{netip.MustParseAddr("10.9.9.9")}, Identity: IdentityFQDN, IdentityValue: "R1.cisco.com",
		LocalAuth: IKEv2RSASig, RemoteAuth: []IKEv2Auth{IKEv2PreShare, IKEv2RSASig}, RemoteKey: []byte("theirs"), Keyring: c.IKEv2.Keyrings[0],
		Trustpoints: []IKEv2Trustpoint{{"TP1", true, true}, {"TP2", true, true}}, TrustpointAt: make([]ios.Pos, 2), Lifetime: time.Hour,
		DPD: Keepalive{Interval: 10 * time.Second, Retry: 3 * time.Second, Periodic: true},
	}
	if diff := cmp.Diff(want, p, cmpopts.IgnoreTypes(ios.Pos{}), cmp.Comparer(func(x, y netip.Prefix) bool { return x == y }), cmp.Comparer(func(x, y netip.Addr) bool { return x == y })); diff != "" {
		t.Error(diff)
	}
	r2, r3 := p.Keyring.Peers[0], p.Keyring.Peers[1]
	if string(r2.Local) != "mine" || string(r2.Remote) != "cisco" || r2.Identity.Kind != MatchHost || string(r3.Local) != "\x0a\x0b" || r3.Prefix.String() != "2001:db8::/32" {
		t.Errorf("%+v %q %+v", r2, []byte(r2.Remote), r3)
	}
	if q := c.IKEv2.Profiles[1]; q.Incomplete != profileMustHave+" "+mustHaveMethods+" "+mustHaveMatch {
		t.Errorf("%q", q.Incomplete)
	}
	if c.IPsec[0].IKEv2Profile != p {
		t.Error("the ipsec profile does not lead to it")
	}
	if got := fmt.Sprint(p.VerifyTrustpoints()); got != "[TP1 TP2]" {
		t.Error(got)
	}
}

// What each version negotiates of a profile's transform sets, and what it warns
// of.
func TestTransformSetsOfVersions(t *testing.T) {
	const sets = `crypto ipsec transform-set GCM esp-gcm 256
crypto ipsec transform-set CHACHA esp-chacha20-poly1305
crypto ipsec transform-set CBC esp-aes 256 esp-sha256-hmac
crypto ipsec transform-set BOTH ah-sha256-hmac esp-aes
crypto ikev2 profile P
 match identity remote any
 authentication local rsa-sig
 authentication remote rsa-sig
crypto ipsec profile I
 set transform-set GCM CHACHA CBC BOTH
`
	for _, test := range []struct{ line, want, warning string }{
		{"", "esp-aes 256 esp-sha256-hmac, ah-sha256-hmac esp-aes", "esp-gcm is spoken in IKEv2 only"},
		{" set ikev2-profile P\n set pfs group31\n", "esp-gcm 256, esp-chacha20-poly1305, esp-aes 256 esp-sha256-hmac", "AH and ESP together are spoken in IKEv1 only"},
	} {
		c := compileText(t, sets+test.line)
		var all []string
		for _, s := range c.IPsec[0].Transforms {
			all = append(all, s.String())
		}
		if got := strings.Join(all, ", "); got != test.want || !strings.Contains(fmt.Sprint(c.Warnings), test.warning) {
			t.Errorf("%q: %s\n%v", test.line, got, c.Warnings)
		}
	}
	for _, text := range []string{sets + " set pfs group31\n", "crypto ipsec transform-set X esp-chacha20-poly1305 esp-sha-hmac\n"} {
		if _, errs := Compile(Source{Name: "r1.cfg", Text: []byte(text)}); len(errs) != 1 {
			t.Errorf("%s: %v", text, errs)
		}
	}
}

// A profile without trustpoints of its own signs as responder alone.
func TestIKEv2Trustpoints(t *testing.T) {
	const tps = "crypto pki trustpoint A\ncrypto pki trustpoint B\ncrypto ikev2 profile P\n match identity remote any\n authentication local rsa-sig\n authentication remote rsa-sig\n"
	for _, test := range []struct {
		lines        string
		sign, verify string
		initiates    bool
	}{
		{"", "[]", "[]", false},
		{" pki trustpoint B\n pki trustpoint A\n", "[B A]", "[B A]", true},
		{" pki trustpoint A sign\n pki trustpoint B verify\n", "[A]", "[B]", true},
		{" pki trustpoint B verify\n", "[]", "[B]", false},
		{" pki trustpoint A sign\n pki trustpoint A verify\n no pki trustpoint A\n", "[]", "[]", false},
	} {
		p := compileText(t, tps+test.lines).IKEv2.Profiles[0]
		sign, ok := p.SignTrustpoints(true)
		answer, always := p.SignTrustpoints(false)
		if fmt.Sprint(sign) != test.sign || fmt.Sprint(answer) != test.sign || fmt.Sprint(p.VerifyTrustpoints()) != test.verify || ok != test.initiates || !always {
			t.Errorf("%q: %v %v %v %v", test.lines, sign, ok, p.VerifyTrustpoints(), always)
		}
	}
	for auth, want := range map[IKEv2Auth][3]bool{IKEv2RSASig: {true}, IKEv2ECDSASig: {1: true, 2: true}, IKEv2PreShare: {}} {
		got := [3]bool{auth.Fits(testca.RSA(1024, 0).Public()), auth.Fits(testca.EC(1).Public()), auth.Fits(testca.Ed25519(1).Public())}
		if got != want || auth.Fits("key") {
			t.Errorf("%s: %v", auth, got)
		}
	}
}

// What a complete profile lacks is told when it is read, not when a peer waits.
func TestIKEv2ProfileGaps(t *testing.T) {
	const base = "crypto pki trustpoint A\ncrypto ikev2 keyring K\ncrypto ikev2 profile P\n match identity remote any\n"
	const begins, key = "names no pki trustpoint to sign with", "has neither the key nor a keyring"
	for lines, want := range map[string]string{
		" authentication local rsa-sig\n authentication remote rsa-sig\n":                                                      begins,
		" authentication local ecdsa-sig\n authentication remote rsa-sig\n pki trustpoint A verify\n":                          begins,
		" authentication local rsa-sig\n authentication remote rsa-sig\n pki trustpoint A\n":                                   "",
		" authentication local pre-share\n authentication remote rsa-sig\n":                                                    key,
		" authentication local rsa-sig\n authentication remote rsa-sig\n authentication remote pre-share\n pki trustpoint A\n": key,
		" authentication local pre-share key x\n authentication remote pre-share\n":                                            key,
		" authentication local pre-share key x\n authentication remote pre-share key y\n":                                      "",
		" authentication local pre-share\n authentication remote pre-share\n keyring local K\n":                                "",
	} {
		c := compileText(t, base+lines)
		if got := fmt.Sprint(c.Warnings); len(c.Warnings) > 1 || want == "" != (len(c.Warnings) == 0) || !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %q", lines, got, want)
		}
	}
	c := compileText(t, "crypto ikev2 profile X\ncrypto ipsec profile V2\n set ikev2-profile X\ninterface Tunnel1\n tunnel source 192.0.2.1\n tunnel destination 192.0.2.2\n tunnel protection ipsec profile V2\n")
	if i := c.Interface("Tunnel1"); i.Tunnel != nil || i.Unable != "its ikev2-profile X is incomplete" {
		t.Errorf("%+v", i)
	}
}
