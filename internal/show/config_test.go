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
	}
	for command, router := range map[string][]string{
		"isakmp-policy":         {"configured", "unconfigured", "no-defaults"},
		"isakmp-default-policy": {"configured", "unconfigured", "no-defaults"},
		"isakmp-profile":        {"configured", "unconfigured"},
		"isakmp-key":            {"configured", "unconfigured"},
		"ipsec-transform-set":   {"configured", "unconfigured", "own-default"},
		"ipsec-profile":         {"configured", "unconfigured", "own-default"},
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
	c := compiled(t, "configured")
	var text bytes.Buffer
	for _, show := range []func(io.Writer, *policy.Config) error{ISAKMPPolicy, ISAKMPDefaultPolicy, every(ISAKMPProfile), every(IPsecTransformSet), every(IPsecProfile)} {
		if err := show(&text, c); err != nil {
			t.Fatal(err)
		}
	}
	for _, ring := range c.Keyrings {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			fmt.Fprintf(&text, verb, *ring)
		}
	}
	for _, key := range []string{"wild%s", "anyone", fmt.Sprintf("%x", "anyone"), "six"} {
		if strings.Contains(text.String(), key) {
			t.Errorf("%q leaks", key)
		}
	}
}
