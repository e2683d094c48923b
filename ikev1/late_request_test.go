package ikev1

import (
	"testing"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

// withoutRequests is MM3 as charon and pluto send it: they ask in MM5.
func withoutRequests(t *testing.T, mm3 []byte) []byte {
	t.Helper()
	m, err := wire.Parse(mm3)
	if err != nil {
		t.Fatal(err)
	}
	b := wire.NewBuilder(nil, m.Header)
	for _, p := range m.Payloads {
		if p.Type != wire.PayloadCertReq {
			b.Add(p.Type, wire.Raw(p.Body))
		}
	}
	return b.Bytes()
}

// The requests of MM5 decide, in their order, when MM3 had none: the certificate
// of MM6 is not sent yet, and the profile that restricts it is known.
func TestRequestsInMM5(t *testing.T) {
	ca1, ca2, foreign := note.CA1.Name, note.CA2.Name, testca.DN("CN=CA9,O=cisco,O=com")
	id := wire.IDV1{Type: wire.IDFQDN, Protocol: 17, Port: 500, Data: []byte("R1.cisco.com")}
	for _, c := range []struct {
		name   string
		mm3    bool // it keeps its request, for CA1
		mm5    []pki.Name
		list   []string // R2's ca trust-point
		signed string
	}{
		{"nowhere", false, nil, nil, "IOSCA1"},
		{"CA2 first", false, []pki.Name{ca2, ca1}, nil, "IOSCA2"},
		{"CA1 first", false, []pki.Name{ca1, ca2}, nil, "IOSCA1"},
		{"one unknown, then CA2", false, []pki.Name{foreign, ca2}, nil, "IOSCA2"},
		{"unknown only", false, []pki.Name{foreign}, nil, "IOSCA1"},
		{"CA1 first, the profile has CA2", false, []pki.Name{ca1, ca2}, []string{"IOSCA2"}, "IOSCA2"},
		{"CA1 in MM3, CA2 in MM5", true, []pki.Name{ca2}, nil, "IOSCA1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t, on("R2", func(r *policy.Config) { r.Profiles[0].Trustpoints = c.list }))
			p.initiate(p.r1)
			p.step(p.r1)
			p.step(p.r2)
			mm3 := p.r1.next()
			if !c.mm3 {
				mm3 = withoutRequests(t, mm3)
			}
			p.deliver(p.r2, mm3)
			p.step(p.r2)
			own := "IOSCA1"
			if c.list != nil {
				own = c.list[0]
			}
			p.r1.sent = nil
			p.deliver(p.r2, p.identify(id, p.r1.env.PKI.Lookup(own), c.mm5...))
			want(t, p.r2, func(e SigningKeyChosen) bool { return e.Trustpoint == c.signed })
			if !p.r2.session.Established() {
				t.Errorf("not established\n%s", p.r2.story())
			}
		})
	}
}
