//go:build vm

package interop

import (
	"fmt"
	"strings"

	"github.com/obol-ike/obol/test/testca"
)

// plutoConn is a connection of a stand. It names its certificate, and asks for
// one of the same CA.
const plutoConn = `version 2.0
config setup
	dnssec-enable=no
	ikev1-policy=accept
	virtual-private=
conn net
	left=192.168.0.2
	right=192.168.0.1
	%s
	ikev2=never
	ike=%s
	phase2=%s
	phase2alg=%s
	type=%s
	pfs=%s
	ikelifetime=1h
	salifetime=%ds
	rekeymargin=%ds
	rekeyfuzz=0%%
	%s
	leftupdown=%%disabled
	auto=ignore
`

var plutoSelectors = map[string]string{
	vti.name: "leftsubnet=0.0.0.0/0\n\trightsubnet=0.0.0.0/0\n\tmark=" + mark + "/0xffffffff",
	gre.name: "leftprotoport=gre\n\trightprotoport=gre",
}

// standPluto starts pluto with both of the peer's certificates.
func standPluto(b *stand) loader {
	b.t.Helper()
	own := map[string]*testca.Identity{}
	for i, id := range b.certs {
		own[fmt.Sprintf("r2-CA%d", i+1)] = id
		b.write(fmt.Sprintf("nss/CA%d.pem", i+1), string(testca.CertPEM(b.cas[i].Cert)))
	}
	b.write("ipsec.secrets", "192.168.0.2 192.168.0.1 : PSK \"cisco\"\n")
	b.write("ipsec.conf", "version 2.0\nconfig setup\n\tdnssec-enable=no\n\tikev1-policy=accept\n\tvirtual-private=\n")
	return newPluto(b.lab, own, "CA1", "CA2")
}

func (p *pluto) load(x conn) {
	p.t.Helper()
	auth := "authby=secret"
	if x.ca != 0 {
		auth = fmt.Sprintf("authby=rsasig\n\tleftid=@R2.cisco.com\n\tleftcert=r2-CA%d\n\tleftsendcert=always\n\trightid=%%fromcert\n\trightca=%%same", x.ca)
	}
	protocol, mode, pfs := "esp", "tunnel", "no"
	if x.ah {
		protocol = "ah"
	}
	if x.transport {
		mode = "transport"
	}
	if strings.Contains(x.esp, ";") {
		pfs = "yes"
	}
	p.write("ipsec.conf", fmt.Sprintf(plutoConn, auth, x.ike, protocol, x.esp, mode, pfs,
		x.life.hard, x.life.hard-x.life.rekey, plutoSelectors[p.link.name]))
	p.addConn()
}

func (p *pluto) attempt() {
	p.t.Helper()
	p.whack("--initiate", "--name", "net", "--asynchronous")
}

func (p *pluto) forget() { p.remove() }
