package lint

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/policy"
)

// Three pairs of which there is nothing to say. ME, MY, PEER and YOUR stand for the
// two routers and their last octets.
const (
	around = `
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
crypto ipsec profile I
 set transform-set TS
 set WHICH-profile P
interface Tunnel1
 tunnel source Ethernet0/0
 tunnel destination 192.0.2.YOUR
 tunnel protection ipsec profile I
interface Ethernet0/0
 ip address 192.0.2.MY 255.255.255.0
`
	trusted = `hostname ME
ip domain name cisco.com
crypto pki trustpoint A
 fqdn ME.cisco.com
 ip-address 192.0.2.MY
crypto pki trustpoint B
 fqdn ME.cisco.com
 ip-address 192.0.2.MY
`
	certificates1 = trusted + `crypto isakmp policy 10
 encr aes 256
 hash sha256
 group 14
crypto isakmp profile P
 self-identity fqdn
 ca trust-point A
 ca trust-point B
 match identity host PEER.cisco.com
` + around
	certificates2 = trusted + `crypto ikev2 proposal X
 encryption aes-cbc-256
 integrity sha256
 group 14
crypto ikev2 policy X
 proposal X
crypto ikev2 profile P
 match identity remote fqdn PEER.cisco.com
 identity local fqdn ME.cisco.com
 authentication local rsa-sig
 authentication remote rsa-sig
 pki trustpoint A
` + around
	keys1 = `hostname ME
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto keyring K
 pre-shared-key address 192.0.2.YOUR key s3cret
crypto isakmp profile P
 keyring K
 match identity address 192.0.2.YOUR
` + around
	keys2 = `hostname ME
crypto ikev2 proposal X
 encryption aes-gcm-256
 prf sha384
 group 19
crypto ikev2 policy X
 proposal X
crypto ikev2 keyring K
 peer PEER
  address 192.0.2.YOUR
  pre-shared-key s3cret
crypto ikev2 profile P
 match identity remote address 192.0.2.YOUR
 authentication local pre-share
 authentication remote pre-share
 keyring local K
` + around
)

// couple makes R1 and R2 of a text, after the changes of each: "old => new" parts
// with ';' between them, where '|' is the end of a line.
func couple(t *testing.T, base, first, second string) []Router {
	t.Helper()
	which := "isakmp"
	if strings.Contains(base, "crypto ikev2 profile") {
		which = "ikev2"
	}
	var pair []Router
	for i, changes := range []string{first, second} {
		me, you := fmt.Sprint(i+1), fmt.Sprint(2-i)
		fill := strings.NewReplacer("WHICH", which, "ME", "R"+me, "PEER", "R"+you, "MY", me, "YOUR", you, "|", "\n")
		text := fill.Replace(base)
		for change := range strings.SplitSeq(changes, "; ") {
			before, after, ok := strings.Cut(change, " => ")
			if !ok && change != "" {
				t.Fatalf("%q is no change", change)
			}
			before, after = fill.Replace(before), fill.Replace(after)
			if !strings.Contains(text, before) {
				t.Fatalf("%q is not in\n%s", before, text)
			}
			text = strings.Replace(text, before, after, 1)
		}
		pair = append(pair, compiled(t, fmt.Sprintf("r%s.cfg", me), text))
	}
	return pair
}

func TestNothingToSay(t *testing.T) {
	for name, base := range map[string]string{"certificates, IKEv1": certificates1, "certificates, IKEv2": certificates2, "keys, IKEv1": keys1, "keys, IKEv2": keys2} {
		t.Run(name, func(t *testing.T) {
			for _, f := range Check(today, couple(t, base, "", "")...) {
				// Two trustpoints on both sides, of which the peer takes either: it is said which
				// one comes from where.
				if f.Code == DependsOnEnrolment && f.Severity == Info || f.Code == Unused && base == certificates2 {
					continue
				}
				t.Errorf("%+v", f)
			}
		})
	}
}

// TestFindings: what a change to a pair brings up. A place is the line that the
// finding names first.
func TestFindings(t *testing.T) {
	both := func(s string) [2]string { return [2]string{s, s} }
	one := func(s string) [2]string { return [2]string{s, ""} }
	two := func(s string) [2]string { return [2]string{"", s} }
	for _, test := range []struct {
		name    string
		base    string
		changes [2]string
		want    string //severity CODE: the first place's line as written; message
	}{
		{"one accepts A alone, and asks for B first", certificates1, one(" ca trust-point B| => "), "error DEPENDS_ON_INITIATOR: ca trust-point A; Tunnel1 comes up when R1 begins and not when R2 does: R1 asks for B first, R2 shows its certificate of B, and isakmp profile P of R1 accepts A only."},
		{"the same", certificates1, one(" ca trust-point B| => "), "warning ASYMMETRIC_TRUSTPOINTS: crypto isakmp profile P; isakmp profile P of R1 accepts certificates of A, isakmp profile P of R2 those of A and B."},
		{"no list at one end", certificates1, one(" ca trust-point A| ca trust-point B| => "), "none ASYMMETRIC_TRUSTPOINTS"},
		{"A at one end, B at the other", certificates1, [2]string{" ca trust-point B| => ", " ca trust-point A| => "}, "error CERT_NOT_IN_PROFILE: ca trust-point B; Tunnel1 does not come up when R1 begins: R2 asks for B first, R1 shows its certificate of A, and isakmp profile P of R2 accepts B only."},
		{"IKEv2, one signs with two", certificates2, two("rsa-sig| pki trustpoint A => rsa-sig| pki trustpoint A| pki trustpoint B"), "error DEPENDS_ON_INITIATOR: pki trustpoint A; Tunnel1 comes up when R1 begins and not when R2 does: R1 asks for B first, R2 shows its certificate of B, and ikev2 profile P of R1 accepts A only."},
		{"the same", certificates2, two("rsa-sig| pki trustpoint A => rsa-sig| pki trustpoint A| pki trustpoint B"), "warning SEVERAL_TRUSTPOINTS: crypto ikev2 profile P; ikev2 profile P signs with any of A and B: which one depends on what the peer asks for first."},
		{"one to sign, one to verify", certificates2, both("rsa-sig| pki trustpoint A => rsa-sig| pki trustpoint A sign| pki trustpoint A verify| pki trustpoint B verify"), "none SEVERAL_TRUSTPOINTS"},
		{"A newest at one end, where A alone is accepted", certificates1, one(" ca trust-point B| => ; crypto pki trustpoint A| fqdn ME.cisco.com| ip-address 192.0.2.MY| => ; crypto isakmp policy => crypto pki trustpoint A| fqdn ME.cisco.com| ip-address 192.0.2.MY|crypto isakmp policy"),
			"warning DEPENDS_ON_ENROLMENT: ca trust-point A; Tunnel1 of R1 comes up as long as R1 does not enrol B anew: then it fails when R2 begins, for R1 asks for B first, R2 shows its certificate of B, and isakmp profile P of R1 accepts A only."},
		{"either certificate will do", certificates1, both(""), "info DEPENDS_ON_ENROLMENT: crypto isakmp profile P; Which certificate R1 shows on Tunnel1, of B and A, depends on who begins and on the order of enrolment; the peer accepts each."},
		{"one certificate", certificates1, both(" ca trust-point B| => "), "none DEPENDS_ON_ENROLMENT"},

		{"two equal rules", keys1, one("crypto ipsec t => crypto isakmp profile Q| keyring K| match identity address 192.0.2.2|crypto ipsec t"), "warning OVERLAPPING_MATCH: match identity address 192.0.2.2; isakmp profiles P and Q match a peer such as 192.0.2.2 equally well: Q wins, because it is configured last."},
		{"the same", keys1, one("crypto ipsec t => crypto isakmp profile Q| keyring K| match identity address 192.0.2.2|crypto ipsec t"), "error PROFILE_MISMATCH: match identity address 192.0.2.2; Tunnel1 of R1 does not come up when R2 begins: its identity 192.0.2.2 leads R1 to profile Q, and the tunnel is of isakmp profile P."},
		{"a wider rule", keys2, one("crypto ipsec t => crypto ikev2 profile Q| match identity remote address 192.0.0.0 255.255.0.0| authentication local pre-share| authentication remote pre-share| keyring local K|crypto ipsec t"),
			"info OVERLAPPING_MATCH: match identity remote address 192.0.2.2; ikev2 profile P and, less specifically, Q match a peer such as 192.0.2.2: P wins."},
		{"a wider rule", keys2, one("crypto ipsec t => crypto ikev2 profile Q| match identity remote address 192.0.0.0 255.255.0.0| authentication local pre-share| authentication remote pre-share| keyring local K|crypto ipsec t"), "none PROFILE_MISMATCH"},
		{"rules for different peers", keys1, one("crypto ipsec t => crypto isakmp profile Q| keyring K| match identity address 192.0.2.3|crypto ipsec t"), "none OVERLAPPING_MATCH"},
		{"a rule for another name", certificates1, one("host PEER.cisco.com => host R3.cisco.com"), "error NO_PROFILE: crypto isakmp profile P; isakmp profile P of Tunnel1 of R1 matches no peer that calls itself R2.cisco.com, as R2 does."},

		{"no trustpoint to sign with", certificates2, one("rsa-sig| pki trustpoint A| => rsa-sig|"), "error NO_TRUSTPOINT: crypto ikev2 profile P; Tunnel1 comes up only when the peer begins: ikev2 profile P authenticates by rsa-sig and names no pki trustpoint to sign with, which an initiator must have."},
		{"no trustpoint but to verify by", certificates2, one("rsa-sig| pki trustpoint A| => rsa-sig| pki trustpoint A verify|"), "error NO_TRUSTPOINT: crypto ikev2 profile P; Tunnel1 comes up only when the peer begins: ikev2 profile P authenticates by rsa-sig and names no pki trustpoint to sign with, which an initiator must have."},
		{"no trustpoint, and it only answers", certificates2, one("rsa-sig| pki trustpoint A| => rsa-sig|;  set transform-set TS => | set transform-set TS| responder-only"), "none NO_TRUSTPOINT"},
		{"no trustpoint at all", certificates1, one(" ca trust-point A| ca trust-point B| => ; crypto pki trustpoint A| fqdn ME.cisco.com| ip-address 192.0.2.MY|crypto pki trustpoint B| fqdn ME.cisco.com| ip-address 192.0.2.MY| => "),
			"error NO_TRUSTPOINT: crypto isakmp profile P; Tunnel1: the policies authenticate by rsa-sig, and no trustpoint has a certificate for it."},
		{"an EC key alone", certificates1, one(" fqdn => | eckeypair E| fqdn;  ca trust-point B| => "),
			"error NO_TRUSTPOINT: crypto isakmp profile P; Tunnel1: the policies authenticate by rsa-sig, which in IKEv1 wants an RSA key, and that of trustpoint A is not RSA."},
		{"a name that the certificate lacks", certificates2, one("identity local fqdn ME => identity local fqdn vpn"), "warning IDENTITY_MISMATCH: identity local fqdn vpn.cisco.com; ikev2 profile P calls itself vpn.cisco.com, which the certificate of A does not name."},
		{"an address that the certificate lacks", certificates1, one(" self-identity fqdn| => ; ip-address 192.0.2.MY => ip-address none"), "warning IDENTITY_MISMATCH: crypto isakmp profile P; isakmp profile P calls itself 192.0.2.1, which the certificate of A does not name."},

		{"weak, and forbidden", keys1, one("encr aes 256 => encr 3des;  hash sha256 =>  hash md5; group 14 => group 2"), "warning WEAK_ALGORITHM: crypto isakmp policy 10; isakmp policy 10 has MD5, 3DES and group 2, weak by today's standards."},
		{"weak", keys2, one("aes-gcm-256 => 3des| integrity sha1; group 19 => group 19 5"), "info WEAK_ALGORITHM: crypto ikev2 proposal X; ikev2 proposal X has 3DES, SHA-1 and group 5, weak by today's standards."},
		{"a weak transform", keys1, one("esp-aes 256 esp-sha256-hmac => esp-des esp-md5-hmac"), "warning WEAK_ALGORITHM: crypto ipsec transform-set TS esp-des esp-md5-hmac; transform-set TS has DES and MD5, weak by today's standards."},
		{"nobody authenticates", keys1, one("esp-aes 256 esp-sha256-hmac => esp-aes 256"), "warning WEAK_ALGORITHM: crypto ipsec transform-set TS esp-aes 256; transform-set TS has no authentication, weak by today's standards."},
		{"weak PFS", keys1, one(" set transform-set TS => | set transform-set TS| set pfs group1"), "warning WEAK_ALGORITHM: crypto ipsec profile I; set pfs of ipsec profile I has group 1, weak by today's standards."},
		{"a short key", certificates1, one(" fqdn => | rsakeypair A 1024| fqdn"), "info WEAK_ALGORITHM: crypto pki trustpoint A; trustpoint A has RSA of 1024 bits, weak by today's standards."},
		{"a shorter key", certificates1, one(" fqdn => | rsakeypair A 512| fqdn"), "warning WEAK_ALGORITHM: crypto pki trustpoint A; trustpoint A has RSA of 512 bits, weak by today's standards."},
		{"a long key", certificates1, one(" fqdn => | rsakeypair A 2048| fqdn"), "none WEAK_ALGORITHM"},

		{"lifetimes of policies", keys1, one("group 14 => group 14| lifetime 3600"), "info LIFETIME_DIFFERS: crypto isakmp policy 10; The IKE SA lives 1h0m0s at R1 and 24h0m0s at R2: the shorter one holds."},
		{"lifetimes of profiles", keys2, two(" keyring local => | lifetime 3600| keyring local"), "info LIFETIME_DIFFERS: crypto ikev2 profile P; The IKE SA lives 24h0m0s at R1 and 1h0m0s at R2: the shorter one renews it."},
		{"lifetimes of IPsec SAs", keys2, two(" set transform-set TS => | set transform-set TS| set security-association lifetime seconds 900"), "info LIFETIME_DIFFERS: crypto ipsec profile I; The IPsec SAs live 1h0m0s and 4608000 kilobytes at R1, 15m0s and 4608000 kilobytes at R2: the lower ones hold."},

		{"no key", keys1, one("address 192.0.2.YOUR key => address 192.0.2.9 key"), "error NO_KEY: crypto isakmp profile P; Tunnel1: there is no pre-shared key for 192.0.2.2 in keyring K."},
		{"no key", keys2, one("  address 192.0.2.YOUR =>   address 192.0.2.9"), "error NO_KEY: crypto ikev2 profile P; Tunnel1: there is no pre-shared key for 192.0.2.2 to authenticate with: keyring K has no peer block for 192.0.2.2."},
		{"another key", keys1, one("key s3cret => key other"), "error KEY_MISMATCH: pre-shared-key address 192.0.2.2 key other; The pre-shared key of R1 for 192.0.2.2 is not that of R2 for 192.0.2.1."},
		{"another key", keys2, one("pre-shared-key s3cret => pre-shared-key local other| pre-shared-key remote s3cret"), "error KEY_MISMATCH: peer R2; The pre-shared key local of R1 for 192.0.2.2 is not the pre-shared key remote of R2 for 192.0.2.1."},

		{"no policy in common", keys1, one("group 14 => group 16"), "error NO_PROPOSAL: crypto isakmp policy 10; No isakmp policy of R1 is one of R2."},
		{"no proposal in common", keys2, one("group 19 => group 20"), "error NO_PROPOSAL: crypto ikev2 proposal X; No ikev2 proposal of R1 has algorithms of every kind in common with one of R2."},
		{"no transform in common", keys2, one("esp-aes 256 => esp-aes 192"), "error NO_TRANSFORM: crypto ipsec transform-set TS esp-aes 192 esp-sha256-hmac; No transform-set of R1, on Tunnel1, is one of R2, on Tunnel1."},
		{"another mode", keys2, one(" tunnel destination => | tunnel mode ipsec ipv4| tunnel destination"), "error SELECTOR_MISMATCH: interface Tunnel1; Tunnel1 of R1 has tunnel mode ipsec ipv4, Tunnel1 of R2 has gre ip."},
		{"another version", keys2, one(" set ikev2-profile P| => "), "error VERSION_MISMATCH: crypto ipsec profile I; Tunnel1 of R1 is protected by IKEv1, Tunnel1 of R2 by IKEv2."},
		{"IKE switched off", keys1, one("crypto ipsec t => no crypto isakmp enable|crypto ipsec t"), "error NOT_CONFIGURED: interface Tunnel1; Tunnel1 is protected by IKE, which no crypto isakmp enable switches off."},
		{"a profile that is shut", keys2, one(" keyring local => | shutdown| keyring local"), "error NOT_CONFIGURED: crypto ikev2 profile P; ikev2 profile P of Tunnel1 serves nobody: it is shut down."},
		{"a tunnel that cannot be made", keys2, one(" tunnel destination => | tunnel mode mpls| tunnel destination"), "error TUNNEL_DOWN: interface Tunnel1; interface Tunnel1 stays down: tunnel mode mpls is not spoken yet."},
		{"to nobody", keys1, [2]string{"destination 192.0.2.YOUR => destination 192.0.2.9", "destination 192.0.2.YOUR => destination 192.0.2.8"}, "error NO_SUCH_PEER: interface Tunnel1; No router here has the destination of Tunnel1 to 192.0.2.9 of R1."},
		{"another tunnel to nobody", keys1, one("interface Tunnel1 => interface Tunnel2| tunnel source Ethernet0/0| tunnel destination 192.0.2.9| tunnel protection ipsec profile I|interface Tunnel1"), "info NO_SUCH_PEER: interface Tunnel2; No router here has the destination of Tunnel2 to 192.0.2.9 of R1."},
		{"back to somebody else", keys1, one("destination 192.0.2.YOUR => destination 192.0.2.9"), "warning NOT_CONFIGURED: interface Tunnel1; Tunnel1 of R2 goes to 192.0.2.1 of R1, and Tunnel1 of R1 does not come back to 192.0.2.2, but goes to 192.0.2.9, which no router here has."},
		{"not back", keys1, one(" tunnel protection ipsec profile I| => "), "error NOT_CONFIGURED: interface Tunnel1; Tunnel1 of R2 goes to 192.0.2.1 of R1, which has no tunnel from there to 192.0.2.2."},

		{"a profile of no tunnel", keys1, one("crypto ipsec t => crypto isakmp profile Q| keyring K| match identity address 192.0.2.3|crypto ipsec t"), "info UNUSED: crypto isakmp profile Q; isakmp profile Q is not used: the ipsec profile of no tunnel names it, though a peer that it matches is led to it."},
		{"a set of no profile", keys2, one("crypto ipsec t => crypto ipsec transform-set U esp-aes|crypto ipsec t"), "info UNUSED: crypto ipsec transform-set U esp-aes; transform-set U is not used: no ipsec profile names it."},
		{"a keyring of no profile", keys1, one("profile P| keyring K| => profile P|"), "info UNUSED: crypto keyring K; keyring K is not used: no isakmp profile names it, though its keys are searched for whoever begins towards this router."},
		{"a keyring of no IKEv2 profile", keys2, one("crypto ikev2 profile P => crypto ikev2 keyring L|crypto ikev2 profile P"), "info UNUSED: crypto ikev2 keyring L; ikev2 keyring L is not used: no ikev2 profile names it."},
		{"a map of no profile", keys2, one("crypto ikev2 profile P => crypto pki certificate map M 10| subject-name co r2|crypto ikev2 profile P"), "info UNUSED: crypto pki certificate map M 10; certificate map M is not used: no profile matches by it."},
		{"a trustpoint of no profile", certificates2, both(""), "info UNUSED: crypto pki trustpoint B; trustpoint B is not used: no profile of a tunnel names it, and yet peers that begin are asked for certificates of its CA."},
		{"a policy that is never taken", keys2, one("crypto ikev2 profile P => crypto ikev2 policy Y| proposal X|crypto ikev2 profile P"), "info UNUSED: crypto ikev2 policy Y; ikev2 policy Y is not used: another policy goes before it for every tunnel."},
		{"a proposal of no policy", keys2, one("crypto ikev2 profile P => crypto ikev2 proposal Y| encryption aes-gcm-256| prf sha384| group 19|crypto ikev2 profile P"), "info UNUSED: crypto ikev2 proposal Y; ikev2 proposal Y is not used: no ikev2 policy names it."},
		{"an ipsec profile of no tunnel", keys2, one("interface Tunnel1 => crypto ipsec profile J| set transform-set TS|interface Tunnel1"), "info UNUSED: crypto ipsec profile J; ipsec profile J is not used: no tunnel is protected with it."},
		{"one that a crypto map may name", keys2, one("interface Tunnel1 => crypto ipsec profile J| set transform-set TS|crypto map M 10 ipsec-isakmp| set transform-set TS|interface Tunnel1"), "none UNUSED"},
	} {
		t.Run(test.name, func(t *testing.T) {
			pair := couple(t, test.base, test.changes[0], test.changes[1])
			var got []string
			for _, f := range Check(today, pair...) {
				got = append(got, fmt.Sprintf("%s %s: %s; %s", f.Severity, f.Code, firstLine(t, f), f.Message))
				if !strings.HasSuffix(f.Cure, ".") || strings.Contains(f.Message+f.Cure, "s3cret") {
					t.Errorf("%+v", f)
				}
			}
			code, none := strings.CutPrefix(test.want, "none ")
			if none && slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, code+":") }) || !none && !slices.Contains(got, test.want) {
				t.Errorf("want %s, got\n%s", test.want, strings.Join(got, "\n"))
			}
		})
	}
}

// lines are the texts that were compiled, by file.
var lines = map[string][]string{}

func firstLine(t *testing.T, f Finding) string {
	if len(f.Where) == 0 {
		return "nowhere"
	}
	return textOf(t, f.Where[0])
}

func textOf(t *testing.T, p Place) string {
	t.Helper()
	if p.Line < 1 || p.Line > len(lines[p.File]) {
		t.Fatalf("no place: %+v", p)
	}
	return strings.TrimSpace(lines[p.File][p.Line-1])
}

func TestRouters(t *testing.T) {
	named := func(hostnames ...string) (names []string) {
		var configs []*policy.Config
		for _, h := range hostnames {
			configs = append(configs, &policy.Config{Hostname: h})
		}
		for _, r := range Routers(configs...) {
			names = append(names, r.Name)
		}
		return names
	}
	for _, test := range [][2][]string{{{"R1", ""}, {"R1", "R2"}}, {{"gw", "GW", "hub"}, {"gw-1", "GW-2", "hub"}}} {
		if got := named(test[0]...); !slices.Equal(got, test[1]) {
			t.Errorf("%q: %q, want %q", test[0], got, test[1])
		}
	}
}
