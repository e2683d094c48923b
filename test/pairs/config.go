package pairs

import (
	"fmt"
	"strings"
)

// Config is an end's running-config. The line !obol enrolled tells the laboratory
// what a daemon has in its store.
func (e *End) Config(ike int) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("hostname %s", e.Name)
	line("ip domain name cisco.com")
	line("!obol serial-number 10%d", e.Address[len(e.Address)-1]-'1')
	if len(e.Enrolled) > 0 {
		line("!obol enrolled %s", strings.Join(e.Enrolled, " "))
	}
	line("!")
	for _, tp := range e.Declared {
		line("crypto pki trustpoint %s", tp)
		line(" enrollment url http://192.168.0.%c:80", tp[len(tp)-1]+2)
		line(" serial-number")
		line(" fqdn %s.cisco.com", e.Name)
		line(" ip-address %s", e.Address)
		line(" subject-name CN=%s,OU=IT,O=cisco,O=com", e.Name)
		line(" revocation-check crl")
		line("!")
	}
	if ike == 1 {
		e.isakmp(line)
	} else {
		e.ikev2(line)
	}
	for i, t := range e.Transforms {
		line("crypto ipsec transform-set TS%d %s", i+1, t)
		line(" mode tunnel")
		line("!")
	}
	line("crypto ipsec profile prof1")
	sets := make([]string, len(e.Transforms))
	for i := range sets {
		sets[i] = fmt.Sprintf("TS%d", i+1)
	}
	line(" set transform-set %s", strings.Join(sets, " "))
	if e.PFS != "" {
		line(" set pfs %s", e.PFS)
	}
	line(" set %s-profile prof1", map[int]string{1: "isakmp", 2: "ikev2"}[ike])
	line("!")
	line("interface Tunnel1")
	line(" ip address 10.0.0.%c 255.255.255.0", e.Address[len(e.Address)-1])
	line(" tunnel source Ethernet0/0")
	line(" tunnel destination %s", e.Peer)
	if !e.GRE {
		line(" tunnel mode ipsec ipv4")
	}
	line(" tunnel protection ipsec profile prof1")
	line("!")
	line("interface Ethernet0/0")
	line(" ip address %s 255.255.255.0", e.Address)
	return b.String()
}

func (e *End) isakmp(line func(string, ...any)) {
	for i, encryption := range e.Encryptions {
		line("crypto isakmp policy %d", 10*(i+1))
		line(" encr %s", encryption)
		line(" hash md5")
		if e.PreShared {
			line(" authentication pre-share")
		}
		line(" group %s", e.Group)
		line("!")
	}
	if e.PreShared {
		line("crypto isakmp key %s address %s", e.Key, e.Peer)
	}
	for _, p := range e.Profiles {
		line("crypto isakmp profile %s", p.Name)
		line(" self-identity %s", p.By)
		for _, tp := range p.List {
			line(" ca trust-point %s", tp)
		}
		line(" match identity %s", p.Match)
		line("!")
	}
}

func (e *End) ikev2(line func(string, ...any)) {
	for i, encryption := range e.Encryptions {
		line("crypto ikev2 proposal P%d", i+1)
		line(" encryption %s", map[string]string{"3des": "3des", "aes 128": "aes-cbc-128", "aes 256": "aes-cbc-256"}[encryption])
		line(" integrity sha256")
		line(" group %s", e.Group)
		line("!")
	}
	line("crypto ikev2 policy POL")
	for i := range e.Encryptions {
		line(" proposal P%d", i+1)
	}
	line("!")
	method := "rsa-sig"
	if e.PreShared {
		method = "pre-share"
		line("crypto ikev2 keyring KR")
		line(" peer %s", e.Peers)
		line("  address %s", e.Peer)
		line("  pre-shared-key %s", e.Key)
		line("!")
	}
	for _, p := range e.Profiles {
		line("crypto ikev2 profile %s", p.Name)
		line(" match identity %s", p.Match)
		if p.By == "fqdn" {
			line(" identity local fqdn %s.cisco.com", e.Name)
		} else {
			line(" identity local address %s", e.Address)
		}
		line(" authentication remote %s", method)
		line(" authentication local %s", method)
		if e.PreShared {
			line(" keyring local KR")
		}
		for _, tp := range p.List {
			line(" pki trustpoint %s", tp)
		}
		line("!")
	}
}
