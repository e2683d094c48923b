package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// attrs makes attributes of type, value pairs.
func attrs(pairs ...uint64) []wire.Attribute {
	var all []wire.Attribute
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, wire.Attribute{Type: uint16(pairs[i]), Value: pairs[i+1]})
	}
	return all
}

func phase1(pairs ...uint64) wire.TransformV1 {
	return wire.TransformV1{Number: 1, ID: wire.TransformKeyIKE, Attributes: attrs(pairs...)}
}

func TestMatchISAKMPPolicy(t *testing.T) {
	c := compileText(t, `
crypto isakmp policy 20
 encr 3des
 hash md5
 group 2
crypto isakmp policy 10
 encr aes 256
 hash sha256
 group 14
 lifetime 3600
crypto isakmp policy 30
 encr 3des
 hash md5
 authentication pre-share
 group 2
`)
	md5 := phase1(1, 5, 2, 1, 4, 2, 3, 3, 11, 1, 12, 86400)
	sha := phase1(1, 7, 14, 256, 2, 4, 4, 14, 3, 3, 11, 1, 12, 7200)
	tests := []struct {
		name    string
		offer   []wire.TransformV1
		want    int // priority, 0 for none
		life    time.Duration
		refusal string // of the last check against policy 10
	}{
		{"the note's", []wire.TransformV1{md5}, 20, 24 * time.Hour, RefusedEncryption},
		{"the local order decides", []wire.TransformV1{md5, sha}, 10, time.Hour, ""},
		{"a shorter offer", []wire.TransformV1{phase1(1, 5, 2, 1, 4, 2, 3, 3, 11, 1, 12, 600)}, 20, 10 * time.Minute, ""},
		{"kilobytes too", []wire.TransformV1{phase1(1, 5, 2, 1, 4, 2, 3, 3, 11, 2, 12, 600, 11, 1, 12, 700)}, 20, 700 * time.Second, ""},
		{"no lifetime", []wire.TransformV1{phase1(1, 5, 2, 1, 4, 2, 3, 3)}, 20, 24 * time.Hour, ""},
		{"a huge lifetime", []wire.TransformV1{phase1(1, 5, 2, 1, 4, 2, 3, 3, 11, 1, 12, 1<<64-1)}, 20, 24 * time.Hour, ""},
		{"key length", []wire.TransformV1{phase1(1, 7, 14, 128, 2, 4, 4, 14, 3, 3)}, 0, 0, RefusedKeyLength},
		{"no key length", []wire.TransformV1{phase1(1, 7, 2, 4, 4, 14, 3, 3)}, 0, 0, RefusedKeyLength},
		{"hash", []wire.TransformV1{phase1(1, 7, 14, 256, 2, 1, 4, 14, 3, 3)}, 0, 0, RefusedHash},
		{"group", []wire.TransformV1{phase1(1, 7, 14, 256, 2, 4, 4, 5, 3, 3)}, 0, 0, RefusedGroup},
		{"authentication", []wire.TransformV1{phase1(1, 7, 14, 256, 2, 4, 4, 14, 3, 1)}, 0, 0, RefusedAuthentication},
		{"encryption is missing", []wire.TransformV1{phase1(2, 4, 4, 14, 3, 3)}, 0, 0, RefusedEncryption},
		{"twice", []wire.TransformV1{phase1(1, 7, 14, 256, 2, 4, 2, 4, 4, 14, 3, 3)}, 0, 0, RefusedAttributes},
		{"unknown attribute", []wire.TransformV1{phase1(1, 7, 14, 256, 2, 4, 4, 14, 3, 3, 13, 1)}, 0, 0, RefusedAttributes},
		{"duration without type", []wire.TransformV1{phase1(1, 7, 14, 256, 2, 4, 4, 14, 3, 3, 12, 600)}, 0, 0, RefusedAttributes},
		{"type without duration", []wire.TransformV1{phase1(1, 7, 14, 256, 2, 4, 4, 14, 3, 3, 11, 1)}, 0, 0, RefusedAttributes},
		{"duration of zero", []wire.TransformV1{phase1(1, 7, 14, 256, 2, 4, 4, 14, 3, 3, 11, 1, 12, 0)}, 0, 0, RefusedAttributes},
		{"another transform", []wire.TransformV1{{ID: 2, Attributes: sha.Attributes}}, 0, 0, RefusedAttributes},
		{"nothing", nil, 0, 0, ""},
	}
	for _, test := range tests {
		m := c.MatchISAKMPPolicy(test.offer, RSASig)
		got := 0
		if m.Policy != nil {
			got = m.Policy.Priority
			if m.Lifetime != test.life {
				t.Errorf("%s: lifetime %s, want %s", test.name, m.Lifetime, test.life)
			}
		}
		if got != test.want {
			t.Errorf("%s: policy %d, want %d", test.name, got, test.want)
		}
		for _, check := range m.Checks {
			if check.Policy.Priority == 10 && test.refusal != "" && check.Refusal != test.refusal {
				t.Errorf("%s: %q, want %q", test.name, check.Refusal, test.refusal)
			}
		}
	}
	psk := phase1(1, 5, 2, 1, 4, 2, 3, 1)
	if m := c.MatchISAKMPPolicy([]wire.TransformV1{psk}, RSASig); m.Policy != nil {
		t.Error("a policy of a method that cannot be carried out was taken")
	}
	if m := c.MatchISAKMPPolicy([]wire.TransformV1{psk}); m.Policy == nil || m.Policy.Priority != 30 || len(m.Checks) != 3 {
		t.Errorf("%+v", m)
	}
}

func esp(number uint8, id uint8, pairs ...uint64) wire.ProposalV1 {
	return wire.ProposalV1{Number: number, Protocol: wire.ProtocolESP, SPI: []byte{0, 0, 16, 1}, Transforms: []wire.TransformV1{{Number: 1, ID: id, Attributes: attrs(pairs...)}}}
}

func TestMatchTransformSet(t *testing.T) {
	c := compileText(t, `
crypto ipsec transform-set AES esp-aes esp-sha256-hmac
crypto ipsec transform-set BIG esp-aes 256 esp-sha512-hmac
 mode transport
crypto ipsec transform-set STRICT esp-3des esp-md5-hmac
 mode transport require
crypto ipsec transform-set AH ah-sha-hmac
crypto ipsec profile P
 set transform-set AES BIG STRICT AH
crypto ipsec transform-set BOTH ah-sha-hmac esp-aes esp-sha256-hmac
crypto ipsec profile BOTH
 set transform-set AES BOTH
crypto ipsec profile PFS
 set transform-set AES
 set pfs group14
 set security-association lifetime kilobytes disable
crypto ipsec profile ANY
 set transform-set AES
 set pfs
`)
	p, both, pfs, anyPFS := c.IPsec[0], c.IPsec[1], c.IPsec[2], c.IPsec[3]
	aes := esp(1, 12, 4, 1, 1, 1, 2, 3600, 1, 2, 2, 4608000, 5, 5, 6, 128)
	big := esp(2, 12, 4, 1, 5, 7, 6, 256)
	ahWith := func(pairs ...uint64) wire.ProposalV1 {
		return wire.ProposalV1{Number: 1, Protocol: wire.ProtocolAH, SPI: []byte{0, 0, 16, 1}, Transforms: []wire.TransformV1{{ID: 3, Attributes: attrs(pairs...)}}}
	}
	ah := ahWith(4, 1, 5, 2)
	tests := []struct {
		name    string
		profile *IPsecProfile
		offer   []wire.ProposalV1
		want    string
		mode    ipsec.Mode
		life    ipsec.Lifetime
	}{
		{"the note's", p, []wire.ProposalV1{aes}, "AES", ipsec.Tunnel, ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}},
		{"the offered order decides", p, []wire.ProposalV1{big, aes}, "BIG", ipsec.Tunnel, ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}},
		{"lower lifetimes", p, []wire.ProposalV1{esp(1, 12, 4, 1, 1, 1, 2, 600, 1, 2, 2, 5000, 5, 5, 6, 128)}, "AES", ipsec.Tunnel, ipsec.Lifetime{Duration: 10 * time.Minute, Kilobytes: 5000}},
		{"higher lifetimes", p, []wire.ProposalV1{esp(1, 12, 4, 1, 1, 1, 2, 86400, 1, 2, 2, 1<<40, 5, 5, 6, 128)}, "AES", ipsec.Tunnel, ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}},
		{"no encapsulation is tunnel", p, []wire.ProposalV1{esp(1, 12, 5, 5, 6, 128)}, "AES", ipsec.Tunnel, ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}},
		{"transport to a tunnel set", p, []wire.ProposalV1{esp(1, 12, 4, 2, 5, 5, 6, 128)}, "", 0, ipsec.Lifetime{}},
		{"transport", p, []wire.ProposalV1{esp(1, 12, 4, 2, 5, 7, 6, 256)}, "BIG", ipsec.Transport, ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}},
		{"tunnel to a strict set", p, []wire.ProposalV1{esp(1, 3, 4, 1, 5, 1)}, "", 0, ipsec.Lifetime{}},
		{"key length", p, []wire.ProposalV1{esp(1, 12, 4, 1, 5, 5, 6, 192)}, "", 0, ipsec.Lifetime{}},
		{"no key length", p, []wire.ProposalV1{esp(1, 12, 4, 1, 5, 5)}, "", 0, ipsec.Lifetime{}},
		{"authenticator", p, []wire.ProposalV1{esp(1, 12, 4, 1, 5, 2, 6, 128)}, "", 0, ipsec.Lifetime{}},
		{"no authenticator", p, []wire.ProposalV1{esp(1, 12, 4, 1, 6, 128)}, "", 0, ipsec.Lifetime{}},
		{"unknown mode", p, []wire.ProposalV1{esp(1, 12, 4, 9, 5, 5, 6, 128)}, "", 0, ipsec.Lifetime{}},
		{"unknown attribute", p, []wire.ProposalV1{esp(1, 12, 4, 1, 5, 5, 6, 128, 7, 9)}, "", 0, ipsec.Lifetime{}},
		{"unknown group", p, []wire.ProposalV1{esp(1, 12, 4, 1, 5, 5, 6, 128, 3, 77)}, "", 0, ipsec.Lifetime{}},
		{"AH", p, []wire.ProposalV1{ah}, "AH", ipsec.Tunnel, ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}},
		{"AH with ESP", p, []wire.ProposalV1{ah, aes}, "", 0, ipsec.Lifetime{}},
		{"AH with ESP for a set of both", both, []wire.ProposalV1{ah, aes}, "BOTH", ipsec.Tunnel, ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}},
		{"ESP with AH", both, []wire.ProposalV1{aes, ah}, "BOTH", ipsec.Tunnel, ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}},
		{"with another between them", both, []wire.ProposalV1{ah, big, aes}, "BOTH", ipsec.Tunnel, ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}},
		{"the lower lifetime of the two", both, []wire.ProposalV1{ahWith(4, 1, 1, 1, 2, 900, 1, 2, 2, 5000, 5, 2), aes}, "BOTH", ipsec.Tunnel, ipsec.Lifetime{Duration: 15 * time.Minute, Kilobytes: 5000}},
		{"AH alone for a set of both", both, []wire.ProposalV1{ah}, "", 0, ipsec.Lifetime{}},
		{"AH with another mode than ESP", both, []wire.ProposalV1{ahWith(4, 3, 5, 2), aes}, "", 0, ipsec.Lifetime{}},
		{"AH with a PFS group that ESP has not", both, []wire.ProposalV1{ahWith(4, 1, 5, 2, 3, 14), aes}, "", 0, ipsec.Lifetime{}},
		{"ESP twice", both, []wire.ProposalV1{aes, aes}, "", 0, ipsec.Lifetime{}},
		{"AH and ESP twice", both, []wire.ProposalV1{ah, aes, aes}, "", 0, ipsec.Lifetime{}},
		{"AH with a protocol of no meaning", both, []wire.ProposalV1{ah, {Number: 1, Protocol: 9, SPI: ah.SPI, Transforms: aes.Transforms}}, "", 0, ipsec.Lifetime{}},
		{"PFS without set pfs", p, []wire.ProposalV1{esp(1, 12, 4, 1, 5, 5, 6, 128, 3, 5)}, "AES", ipsec.Tunnel, ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}},
		{"PFS", pfs, []wire.ProposalV1{esp(1, 12, 4, 1, 5, 5, 6, 128, 3, 14)}, "AES", ipsec.Tunnel, ipsec.Lifetime{Duration: time.Hour}},
		{"PFS kilobytes offered", pfs, []wire.ProposalV1{esp(1, 12, 4, 1, 1, 2, 2, 5000, 5, 5, 6, 128, 3, 14)}, "AES", ipsec.Tunnel, ipsec.Lifetime{Duration: time.Hour, Kilobytes: 5000}},
		{"set pfs without PFS", pfs, []wire.ProposalV1{aes}, "", 0, ipsec.Lifetime{}},
		{"set pfs of no group with another group", anyPFS, []wire.ProposalV1{esp(1, 12, 4, 1, 5, 5, 6, 128, 3, 2)}, "AES", ipsec.Tunnel, ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}},
		{"set pfs of no group without PFS", anyPFS, []wire.ProposalV1{aes}, "", 0, ipsec.Lifetime{}},
		{"another PFS", pfs, []wire.ProposalV1{esp(1, 12, 4, 1, 5, 5, 6, 128, 3, 5)}, "", 0, ipsec.Lifetime{}},
		{"short SPI", p, []wire.ProposalV1{{Number: 1, Protocol: wire.ProtocolESP, Transforms: aes.Transforms}}, "", 0, ipsec.Lifetime{}},
		{"nothing", p, nil, "", 0, ipsec.Lifetime{}},
	}
	for _, test := range tests {
		m := MatchTransformSet(test.profile, test.offer, false)
		got := ""
		if m.Set != nil {
			got = m.Set.Name
			if m.Mode != test.mode || m.Lifetime != test.life || m.UDP || m.Checks[len(m.Checks)-1].Refusal != "" {
				t.Errorf("%s: %s %+v", test.name, m.Mode, m.Lifetime)
			}
		} else if m.Reason != RefusedTransforms {
			t.Errorf("%s: reason %q", test.name, m.Reason)
		}
		if got != test.want {
			t.Errorf("%s: set %q, want %q: %+v", test.name, got, test.want, m.Checks)
		}
	}
	if m := MatchTransformSet(pfs, []wire.ProposalV1{esp(1, 12, 4, 1, 5, 5, 6, 128, 3, 14)}, false); m.Group.Number != 14 || !strings.Contains(m.Set.String(), "esp-aes") {
		t.Errorf("%+v", m)
	}
}

// TestMTU holds the values that IOS prints (plaintext mtu) and those of the
// issue's links.
func TestMTU(t *testing.T) {
	sets := compileText(t, `
crypto ipsec transform-set AES256 esp-aes esp-sha256-hmac
crypto ipsec transform-set TRANSPORT esp-aes esp-sha256-hmac
 mode transport
crypto ipsec transform-set SHA1 esp-aes esp-sha-hmac
 mode transport
crypto ipsec transform-set DES esp-3des esp-md5-hmac
crypto ipsec transform-set NULL esp-null esp-sha-hmac
crypto ipsec transform-set AH ah-sha-hmac
crypto ipsec transform-set BOTH ah-sha-hmac esp-aes
`).Transforms
	for _, test := range []struct {
		set   int
		encap bool
		want  int
	}{{0, false, 1438}, {1, false, 1458}, {2, true, 1442}, {3, false, 1446}, {4, false, 1458}, {5, false, 1456}, {6, false, 1422}} {
		if got := sets[test.set].PlaintextMTU(1500, ipHeader, test.encap); got != test.want {
			t.Errorf("%s %s: %d, want %d", sets[test.set], sets[test.set].Mode, got, test.want)
		}
	}
	if got := (&TransformSet{Encr: suite.AESGCM16, KeyBits: 256, Mode: ipsec.Tunnel}).PlaintextMTU(1500, ipHeader, false); got != 1446 {
		t.Errorf("esp-gcm 256: %d", got)
	}
	gre, keyed, vti := &Tunnel{}, &Tunnel{HasKey: true}, &Tunnel{Mode: IPsecIPv4}
	for name, got := range map[string][2]int{
		"gre": {gre.LinkMTU(sets[0], 1500, false), 1414}, "keyed": {keyed.LinkMTU(sets[0], 1500, false), 1410},
		"vti": {vti.LinkMTU(sets[0], 1500, false), 1438}, "plain": {gre.LinkMTU(nil, 1500, false), 1476}, "nothing fits": {gre.LinkMTU(sets[0], 40, false), 0},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, want %d", name, got[0], got[1])
		}
	}
}
