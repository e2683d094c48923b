//go:build vm

package interop

import (
	"fmt"
	"regexp"

	"github.com/obol-ike/obol/test/testca"
)

// plutoV2 is Libreswan's daemon with a connection of IKEv2.
type plutoV2 struct {
	*pluto
	lab *labV2
}

const plutoConnV2 = `version 2.0
config setup
	dnssec-enable=no
	virtual-private=
conn net
	left=192.168.0.2
	right=192.168.0.1
	%s
	ikev2=insist
	ike=%s
	esp=%s
	pfs=%s
	ikelifetime=1h
	salifetime=1h
	leftsubnet=0.0.0.0/0
	rightsubnet=0.0.0.0/0
	mark=` + mark + `/0xffffffff
	leftupdown=%%disabled
	auto=ignore
%s`

func plutoForV2(b *labV2) peerV2 {
	b.t.Helper()
	own := map[string]*testca.Identity{}
	var cas []string
	for name, ca := range b.cas {
		own["r2-"+name] = b.certs[name]
		cas = append(cas, name)
		b.write("nss/"+name+".pem", string(testca.CertPEM(ca.Cert)))
	}
	b.write("ipsec.secrets", "192.168.0.2 192.168.0.1 : PSK \"cisco\"\n")
	b.write("ipsec.conf", "version 2.0\nconfig setup\n\tdnssec-enable=no\n\tvirtual-private=\n")
	return &plutoV2{newPluto(b.lab, own, cas...), b}
}

func (p *plutoV2) load(x caseV2) {
	p.t = p.lab.t
	p.t.Helper()
	auth := "authby=secret"
	if ca, ok := authorityOf[x.auth]; ok {
		auth = fmt.Sprintf("authby=%s\n\tleftid=@R2.cisco.com\n\tleftcert=r2-%s\n\tleftsendcert=always\n\trightid=%%fromcert\n\trightca=%%same", plutoAuth[x.auth], ca)
	}
	pfs := "no"
	if x.suite.pfs != "" {
		pfs = "yes"
	}
	p.write("ipsec.conf", fmt.Sprintf(plutoConnV2, auth, x.suite.plutoIKE, x.suite.plutoESP, pfs, x.pluto))
	p.addConn()
}

// Where the other end does not announce RFC 7427, as IOS does not, pluto takes of
// ECDSA's methods that of the largest hash it may use, whatever its key is.
var plutoAuth = map[string]string{"rsa-sig": "rsasig", "ecdsa-sig": "ecdsa-sha2_256"}

var plutoIKE = regexp.MustCompile(`(?m)#(\d+): "net".*_ESTABLISHED_IKE_SA`)

// rekey is not v1's: of IKEv2 pluto can be told to.
func (p *plutoV2) rekey()           { p.whack("--rekey-ipsec", "--name", "net") }
func (p *plutoV2) rekeyIKE()        { p.whack("--rekey-ike", "--name", "net") }
func (p *plutoV2) ikeSAs() []string { return names(plutoIKE, p.knows()) }
