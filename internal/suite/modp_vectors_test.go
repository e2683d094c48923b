package suite

import (
	"bytes"
	"testing"
)

// Known answers of MODP groups: of each value the first sixteen octets, which no
// wrong power shares by chance. From strongSwan, libstrongswan's test vectors
// modp768 to modp4096 (plugins/test_vectors, modp.c); the exponents of those from
// group 14 up are longer than ours.
var modpVectors = []struct {
	group                     uint16
	i, r                      string // exponents
	publicI, publicR, between string
}{
	{
		1, "6091ffc6de28c1ccc7c65da611abfae86a1074b22243e3706cb6de2fe29d1142", "76e02fc3eabe6a0fced6c31e5945d167fad00200b4af12cd6fc6d7e381486278",
		"d7a254629901c889532c3e44da3d0b7e", "f0e9dc78104c9799b67074b07d8f097a", "29cb147d2a2b0d02594db07bf044705c",
	},
	{
		2, "e53c205da0d8e4bfb4174944320fc6e4ea66fe44e3c931ac5da1450aea47ebcf", "7f9af721eb7cd2a900a36e399ebc5c65eecce6629c8e1c5a7ff33293645fd3e3",
		"66617c9bbe91ee9900d806415b7384ec", "7b9010609ebf2c497017458afaab4202", "95790f5c46ae7ca1a471dd786aa8e444",
	},
	{
		5, "22d9dcc73079936a858c07aa85ed07b3d1e8b670e7caafa192837696070fef29", "323474de7788e0036b309549560b000d81f82fdb6978f3c03b701680de6e2810",
		"3d7d1dd1bca7137a642373d5d9b86ef9", "d63258d554353d6b2bcc0b5353fa8000", "6e3df6e252ba1153ca45e9a8bbe54833",
	},
	{
		14, "af3bfd3862caa11774ce2b74840807c1de5cd6a7619bb3a0c7af39eedaa6eb89e2e9c144b3625b2731879cb58fa3766d",
		"77a48e4772e23e284ce4af81399dcd589beb7cefbcc9d196f06dcfdfc3a88e3b4c1c82befec0e64ba495ccde329936ce",
		"1a27c5a7237ae8fe0a71c0af6494faec", "667282318d65cb05cd323c25091e664c", "26f9e8457cf2d7d56dd819c2a867d7c3",
	},
	{
		15, "51f8aab663201eb286bad29932b2e58a9296bf2aa77879cc8c6429d5a668adf76057adc377cc75fd864796b8fa7b428c",
		"af7f44290baac8815e70759b6b274227122250ea8d5a12ef4b0a82cfe91d52989d96c1a840892a9ffa9f3a65c77c8cd9",
		"ae9827a07a372e160167206372c55b61", "2b270c8e6674093145ef84ab0c34560f", "453caf89d6bff39bdae185461761d6de",
	},
	{
		16, "ab69bce961f98aa9d591e3fd9abc46c80dde390284f19142e8815ab08054722bbd2e141e279ec7fd30aafaca664093731ecc75a2bd07e4a5883f560893c83350",
		"ef3ecb88f4f988f72acd5aa22ebebf190fde7e8e4d0d50ccde80f941b3bbd6a2f9a12aee9bb3e5c5803f67affe27c80d05469b5254eb1f326c18731fd34ac2cd",
		"3ec63c0c683205c39d4b977239fe7f96", "20b7b45f69e2c30bccf841cae8042c36", "23b06f4939609b0f6708852d4f87b356",
	},
}

func TestMODPVectors(t *testing.T) {
	for _, v := range modpVectors {
		g := group(t, v.group)
		m := g.kind.(modp)
		m = newMODP(m.prime, m.generator, m.order, 8*len(unhex(v.i)))
		i, r := m.private(g, unhex(v.i)), m.private(g, unhex(v.r))
		here, err := i.Shared(r.Public())
		if err != nil {
			t.Fatalf("%s: %v", g.Name, err)
		}
		there, err := r.Shared(i.Public())
		if err != nil || !bytes.Equal(here, there) {
			t.Errorf("%s: %x and %x, %v", g.Name, here, there, err)
		}
		for what, x := range map[string][2][]byte{
			"initiator": {i.Public(), unhex(v.publicI)}, "responder": {r.Public(), unhex(v.publicR)}, "shared": {here, unhex(v.between)},
		} {
			if !bytes.HasPrefix(x[0], x[1]) {
				t.Errorf("%s, %s: %x, want %x...", g.Name, what, x[0], x[1])
			}
		}
	}
}

// TestEveryGroupHasAVector: TestX25519Vector and TestMLKEMVectors have the two
// groups of IKEv2 alone.
func TestEveryGroupHasAVector(t *testing.T) {
	known := map[uint16]bool{}
	for _, v := range groupVectors {
		known[v.group] = true
	}
	for _, v := range modpVectors {
		known[v.group] = true
	}
	for _, g := range Groups() {
		if !known[g.Number] {
			t.Errorf("%s has no answer of somebody else's", g.Name)
		}
	}
	if len(groupsV2) != 2 {
		t.Errorf("%d groups of IKEv2 alone", len(groupsV2))
	}
}
