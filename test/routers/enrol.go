package routers

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/obol-ike/obol/test/testca"
)

// Order is the order in which each router enrols, oldest first. The newest
// certificate is the first that a router shows, and the first that it asks for.
type Order struct{ R1, R2 []string }

// OneOrder is of the note's IKEv2 cases with one trustpoint, TwoOrder of those with
// two: R1 asks for TP2's certificates first.
var (
	OneOrder = Order{R1: []string{"TP1"}, R2: []string{"TP1"}}
	TwoOrder = Order{R1: []string{"TP1", "TP2"}, R2: []string{"TP2", "TP1"}}
)

// NoteOrder is the note's: R1 asks for CA2 first, R2 for CA1.
var NoteOrder = Order{R1: []string{"IOSCA1", "IOSCA2"}, R2: []string{"IOSCA2", "IOSCA1"}}

// Enrol makes two CAs, a certificate of each for both routers and a CRL each,
// and imports them with the obol command as an operator would.
func (p *Pair) Enrol(order Order) error {
	ca1, ca2 := testca.New("CA1", 0), testca.New("CA2", 1)
	p.cas = map[string]*testca.CA{"IOSCA1": ca1, "IOSCA2": ca2, "TP1": ca1, "TP2": ca2}
	if err := p.EnrolRouter(p.R1, order.R1...); err != nil {
		return err
	}
	return p.EnrolRouter(p.R2, order.R2...)
}

// EnrolRouter enrols a router with the given trustpoints, oldest first. Done
// again it is a re-enrolment: new certificates in a new order.
func (p *Pair) EnrolRouter(r *Router, trustpoints ...string) error {
	for i, name := range trustpoints {
		ca, ok := p.cas[name]
		if !ok {
			return fmt.Errorf("no CA stands behind trustpoint %s", name)
		}
		id := ca.Enroll(r.Name, r.Address, r.Serial, 2+p.keys%6)
		p.keys++
		if err := r.Import(name, id); err != nil {
			return fmt.Errorf("%s, certificate %d: %w", r.Name, i+1, err)
		}
	}
	return nil
}

// Import imports a certificate with its key, its CA and an empty CRL.
func (r *Router) Import(trustpoint string, id *testca.Identity) error {
	files := map[string][]byte{"ca": testca.CertPEM(id.CA.Cert), "cert": testca.CertPEM(id.Cert), "key": id.KeyPEM(), "crl": testca.CRLPEM(id.CA.CRL())}
	path := map[string]string{}
	for what, data := range files {
		path[what] = filepath.Join(filepath.Dir(r.Store), fmt.Sprintf("%s-%s-%s.pem", r.Name, trustpoint, what))
		if err := os.WriteFile(path[what], data, 0o600); err != nil {
			return err
		}
	}
	if _, err := r.Obol("crypto", "pki", "import", trustpoint, "pem", "--ca", path["ca"], "--cert", path["cert"], "--key", path["key"]); err != nil {
		return err
	}
	_, err := r.Obol("crypto", "pki", "crl", "import", trustpoint, path["crl"])
	return err
}
