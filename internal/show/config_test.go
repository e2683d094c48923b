package show

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/policy"
)

// routers are configurations by the name that their golden files begin with.
var routers = map[string]string{
	"unconfigured": "hostname R1\n",
	"no-defaults":  "no crypto isakmp default policy\n",
	"configured": `hostname R1
ip domain name cisco.com
crypto pki trustpoint IOSCA1
crypto pki trustpoint IOSCA2
crypto pki certificate map MAP 10
 issuer-name co cn = ca1
crypto isakmp policy 20
 encr aes 256
 hash sha256
 authentication pre-share
 group 19
 lifetime 3600
crypto isakmp policy 10
 encr 3des
 hash md5
 group 2
crypto isakmp identity hostname
crypto isakmp key cisco address 192.168.0.2
crypto isakmp key wild%s address 10.0.0.0 255.0.0.0
crypto isakmp key named hostname R3.cisco.com
crypto keyring LOCAL
 pre-shared-key address 0.0.0.0 0.0.0.0 key anyone
 pre-shared-key address ipv6 2001:db8::/32 key six
crypto isakmp profile prof1
 self-identity fqdn
 ca trust-point IOSCA1
 ca trust-point IOSCA2
 match identity host R2.cisco.com
 match identity address 192.168.0.2
 match identity host domain cisco.com
 match certificate MAP
crypto isakmp profile prof2
 keyring LOCAL
 self-identity user-fqdn r1@cisco.com
 match identity user r2@cisco.com
 match identity user domain cisco.com
 match identity group VPN
 match identity address ipv6 2001:db8::/32
crypto isakmp profile prof3
 self-identity address
 match identity address 10.0.0.0 255.0.0.0
crypto ipsec transform-set TS esp-aes esp-sha256-hmac
crypto ipsec transform-set STRONG esp-aes 256 esp-sha512-hmac
 mode transport
crypto ipsec transform-set BARE esp-3des
crypto ipsec transform-set AH ah-sha-hmac
crypto ipsec profile prof1
 set transform-set TS STRONG
 set isakmp-profile prof1
 set pfs group14
crypto ipsec profile prof2
 set security-association lifetime seconds 900
 set security-association lifetime kilobytes disable
 set isakmp-profile prof1
 set transform-set AH
 responder-only
`,
	"ikev2": `hostname R1
crypto pki trustpoint TP1
crypto pki trustpoint TP2
crypto pki trustpoint TP3
crypto pki certificate map MAP 10
 issuer-name co cn = ca1
crypto ikev2 dpd 60 3 on-demand
crypto ikev2 proposal CBC
 encryption 3des aes-cbc-256 aes-cbc-128
 integrity sha1 sha512
 group 14 24 2
crypto ikev2 proposal MODERN
 encryption aes-gcm-256 aes-gcm-128
 prf sha384
 group 20 31
 additional-key-exchange ml-kem-768
crypto ikev2 policy SITE
 match fvrf any
 match address local 192.168.0.1
 match address local 2001:db8::1
 proposal MODERN
 proposal CBC
crypto ikev2 policy OTHER
 proposal CBC
crypto ikev2 keyring KR
 peer R2
  address 192.168.0.2
  pre-shared-key secretly
crypto ikev2 profile profile1
 match identity remote address 192.168.0.2 255.255.255.255
 match identity remote address 192.168.0.0 255.255.255.0
 match identity remote address 0.0.0.0
 match identity remote address 2001:db8::/32
 match identity remote fqdn domain cisco.com
 match identity remote key-id K
 match certificate MAP
 identity local fqdn R1.cisco.com
 authentication local rsa-sig
 authentication remote rsa-sig
 authentication remote pre-share
 keyring local KR
 pki trustpoint TP1
 pki trustpoint TP2 sign
 pki trustpoint TP3 verify
 lifetime 3600
 nat keepalive 20
crypto ikev2 profile profile2
 match fvrf any
 match address local 192.168.0.1
 match identity remote any
 identity local dn
 authentication local pre-share key mine
 authentication remote pre-share key theirs
 dpd 10 2 periodic
 shutdown
crypto ipsec transform-set TS esp-aes esp-sha-hmac
crypto ipsec profile prof
 set transform-set TS
 set ikev2-profile profile1
`,
	"own-default": `crypto ipsec transform-set TS esp-aes esp-sha256-hmac
crypto ipsec transform-set default esp-3des esp-sha-hmac
crypto ipsec profile prof1
 set transform-set TS
crypto ipsec profile default
 set transform-set TS default
`,
}

func compiled(t *testing.T, name string) *policy.Config {
	t.Helper()
	c, errs := policy.Compile(policy.Source{Name: name, Text: []byte(routers[name])})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return c
}

// every leaves out the name of a command that can be told one.
func every(text func(io.Writer, *policy.Config, string) error) func(io.Writer, *policy.Config) error {
	return func(w io.Writer, c *policy.Config) error { return text(w, c, "") }
}

func TestConfigured(t *testing.T) {
	texts := map[string]func(io.Writer, *policy.Config) error{
		"isakmp-policy": ISAKMPPolicy, "isakmp-default-policy": ISAKMPDefaultPolicy, "isakmp-profile": every(ISAKMPProfile), "isakmp-key": ISAKMPKey,
		"ipsec-transform-set": every(IPsecTransformSet), "ipsec-profile": every(IPsecProfile),
		"ikev2-proposal": every(IKEv2Proposal), "ikev2-policy": every(IKEv2Policy), "ikev2-profile": every(IKEv2Profile),
	}
	for command, router := range map[string][]string{
		"isakmp-policy":         {"configured", "unconfigured", "no-defaults"},
		"isakmp-default-policy": {"configured", "unconfigured", "no-defaults"},
		"isakmp-profile":        {"configured", "unconfigured"},
		"isakmp-key":            {"configured", "unconfigured"},
		"ipsec-transform-set":   {"configured", "unconfigured", "own-default"},
		"ipsec-profile":         {"configured", "unconfigured", "own-default", "ikev2"},
		"ikev2-proposal":        {"unconfigured", "ikev2"},
		"ikev2-policy":          {"unconfigured", "ikev2"},
		"ikev2-profile":         {"unconfigured", "ikev2"},
	} {
		for _, name := range router {
			c := compiled(t, name)
			golden(t, command+"-"+name, func(w io.Writer) error { return texts[command](w, c) })
		}
	}
}

// TestOnlyShowKeyPrintsKeys: however the configuration is printed otherwise,
// its keys stay out of it.
func TestOnlyShowKeyPrintsKeys(t *testing.T) {
	c, v2 := compiled(t, "configured"), compiled(t, "ikev2")
	var text bytes.Buffer
	for _, show := range []func(io.Writer, *policy.Config) error{
		ISAKMPPolicy, ISAKMPDefaultPolicy, every(ISAKMPProfile), every(IPsecTransformSet), every(IPsecProfile),
		every(IKEv2Proposal), every(IKEv2Policy), every(IKEv2Profile),
	} {
		for _, c := range []*policy.Config{c, v2} {
			if err := show(&text, c); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, ring := range c.Keyrings {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			fmt.Fprintf(&text, verb, *ring)
		}
	}
	for _, key := range []string{"wild%s", "anyone", fmt.Sprintf("%x", "anyone"), "six", "secretly", "mine", "theirs"} {
		if strings.Contains(text.String(), key) {
			t.Errorf("%q leaks", key)
		}
	}
}
