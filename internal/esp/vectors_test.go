package esp

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

// Packets of ESP as the documents print them. RFC 3602 section 4 has pings, without
// integrity; draft-mcgrew-gcm-test-01 section 4 has packets of AES-GCM; RFC 7634
// appendix A one of ChaCha20-Poly1305. Keys of combined algorithms have the salt
// behind them.
var vectors = []struct {
	source string
	encr   *suite.Cipher
	key    string
	esn    string // high-order bits of the sequence number, "": none
	packet string // SPI, sequence number, vector, encrypted, ICV
	plain  string // payload, padding, pad length, next header
}{
	{
		"RFC 3602 case 5", suite.AES, "90d382b410eeba7ad938c46cec1a82bf", "",
		"00004321 00000001 e96e8c08ab465763fd098d45dd3ff893 f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a6",
		"08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637 0102030405060708090a0b0c0d0e 0e01",
	}, {
		"RFC 3602 case 6", suite.AES, "90d382b410eeba7ad938c46cec1a82bf", "",
		"00004321 00000008 69d08df7d203329db093fc4924e5bd80 f51995881ec4e0c4488987ce742e8109689bb379d2d750c0d915dca346a89f75",
		"0800b5e8a80a0500a69c083d0b660e00777777777777777777777777 0102 0201",
	}, {
		"RFC 3602 case 7", suite.AES, "0123456789abcdef0123456789abcdef", "",
		"00008765 00000002 f4e765244f6407adf13dc1380f673f37 773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8e4ecaec78ac53aad7a0f022b859243c647752e94a859352b8a4d4d2decd136e5c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d",
		"45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d02a2040008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637 0102030405060708090a 0a04",
	}, {
		"RFC 3602 case 8", suite.AES, "0123456789abcdef0123456789abcdef", "",
		"00008765 00000005 85d47224b5f3dd5d2101d4ea8dffab22 15b92683819596a8047232cc00f7048fe45318e11f8a0f62ede3c3fc61203bb50f980a08c9843fd3a1b06d5c07ff9639b7eb7dfb3512e5de435e7207ed971ef3d2726d9b5ef6affc6d17a0decbb13892",
		"45000044090c00004001f990c0a87b03c0a87bc80800d63caa0a0200c69c083da3de0300ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff 0102030405060708090a 0a04",
	}, {
		"GCM 1", suite.AESGCM16, "4c80cdefbb5d10da906ac73c3613a634 2e443b68", "87654321",
		"00004321 00000000 4956ed7e3b244cfe fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732 459018148f6cbe722fd04796562dfdb4",
		"45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f756470037369700963796265726369747902646b0000210001 0102 0201",
	}, {
		"GCM 2", suite.AESGCM16, "feffe9928665731c6d6a8f9467308308 cafebabe", "",
		"0000a5f8 0000000a facedbaddecaf888 deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1 83b70d3aa8bc6ee4c309e9d85a41ad4a",
		"4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d001000001000000000000037369700963796265726369747902646b0000010001 0001",
	}, {
		"GCM 3", suite.AESGCM16, "abbccddef00112233445566778899aababbccddef00112233445566778899aab 11223344", "",
		"4a2cbfe3 00000002 0102030405060708 ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99def842d8e b335f4eecfdbf831824b4c4915956c96",
		"4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b401010402 0102 0201",
	}, {
		"GCM 5", suite.AESGCM16, "3de09874b388e6491988d0c3607eae1f 57690e43", "10101010",
		"42f67e3f 10101010 4e280000a2fca1a3 fba2caa4853cf9f0f22cb10d86dd83b0fec75691cf1a04b00d1138ec9c35791765acbd8701ad79845bf9fe3fba487bc91755e6662b4c8d0d1f5e22739530320a e0d731cc978ecafaeae88f00e80d6e48",
		"4500003c99c300008001cb7c40679318010101010800085c020043006162636465666768696a6b6c6d6e6f7071727374757677616263646566676869 0102 0201",
	}, {
		"GCM 7", suite.AESGCM16, "feffe9928665731c6d6a8f9467308308feffe9928665731c cafebabe", "",
		"0000a5f8 0000000a facedbaddecaf888 a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc77 95457b9652037f5318027b5b4cd7a636",
		"45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d07568 0001",
	}, {
		"GCM 8", suite.AESGCM16, "abbccddef00112233445566778899aab decaf888", "00000000",
		"00000100 00000001 cafedebaceface74 18a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2fbec168f9190feebaf2cb01984e65863965d7472b79da345e0e780191f0d2f0e0f496c226f2127b27db35724e7845d68 651f57e65f354f75ff17015769623436",
		"4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d500004e20001e8c18d75b81dc91baa0476b91b924b280389d92c963bac046ec959b6266c04722b14923 01 0101",
	}, {
		"GCM 9", suite.AESGCM16, "abbccddef00112233445566778899aababbccddef00112233445566778899aab 73616c74", "156f3126",
		"17405e67 dd0db99b 616e640169766563 f2d69ecdbd5a0d5b8d5ef38bad4da58d1f278fde98ef67549d524a3018d9a57ff4d3a31ce673119e 451626c2415771e3b7eebca614c89b35",
		"45080028732c00004006e9f90a0106120a01038f06b88023dd6bafbecb71260250101f646d54 0001",
	}, {
		"GCM 12", suite.AESGCM16, "7d773d00c144c525ac619d18c84a3f47 d9664267", "",
		"335467ae ffffffff 43457e9182443bc6 437f866b cb3f699fe9b0822bac961c4504bef270",
		"01 02 0201",
	}, {
		"GCM 14", suite.AESGCM16, "6c6567616c697a656d6172696a75616e61616e64646f69746265666f72656961 7475726e", "ffffffff",
		"796b6963 ffffffff 333021696765746d f97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a864cd3d78ca4ae68a32b42458fb57dbe821dcc63b9 d0937ba2945f669368661a329fb4c053",
		"45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f7071727374 0102 0201",
	}, {
		"RFC 7634 appendix A", suite.ChaCha20Poly1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f a0a1a2a3", "",
		"01020304 00000005 1011121314151617 24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e0 76aaa8266b7fb0f7b11b369907e1ad43",
		"45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637 0102 0204",
	},
}

// The documents' packets are made and opened to the octet. Their next headers and
// addresses are of any kind: transport mode takes them.
func TestVectors(t *testing.T) {
	for _, v := range vectors {
		packet, plain := octets(t, v.packet), octets(t, v.plain)
		sa := ipsec.SA{
			SAID: ipsec.SAID{SPI: binary.BigEndian.Uint32(packet), Protocol: ipsec.ESP}, Mode: ipsec.Transport, Selector: all4,
			Encr: v.encr, EncrKey: octets(t, v.key), ESN: v.esn != "", Replay: 64,
		}
		seq := uint64(binary.BigEndian.Uint32(packet[4:]))
		if sa.ESN {
			seq |= uint64(binary.BigEndian.Uint32(octets(t, v.esn))) << 32
		}
		o, i := pair(t, sa)
		body := o.Headroom()
		made := append(bytes.Clone(packet[:body]), plain...)
		if got := o.transform.seal(made, 0, seq); !bytes.Equal(got, packet) {
			t.Errorf("%s: %x\nwant %x", v.source, got, packet)
		}
		pad, next := int(plain[len(plain)-2]), plain[len(plain)-1]
		payload := plain[:len(plain)-trailerLen-pad]
		if got := trailer(bytes.Clone(payload), o.transform.unit, len(payload), next); v.source != "GCM 12" && !bytes.Equal(got, plain) {
			t.Errorf("%s: with its trailer %x, want %x", v.source, got, plain)
		}
		i.window.top = seq - 1
		gotNext, got, err := i.Open(packet, outer4, start)
		if err != nil || gotNext != next || !bytes.Equal(got, payload) {
			t.Errorf("%s: opened %x, next header %d, %v", v.source, got, gotNext, err)
		}
	}
}

// The ICV over "Hi There": RFC 2202 for the HMACs that RFC 2403 and 2404 cut to 96
// bits, RFC 4868 section 2.7.2.1 for the others, which cuts them to half.
func TestICV(t *testing.T) {
	for integ, want := range map[*suite.Integrity]string{
		suite.HMACMD5:    "9294727a3638bb1c13f48ef8",
		suite.HMACSHA1:   "b617318655057264e28bc0b6",
		suite.HMACSHA256: "198a607eb44bfbc69903a0f1cf2bbdc5",
		suite.HMACSHA384: "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973",
		suite.HMACSHA512: "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8",
	} {
		sa := ipsec.SA{SAID: ipsec.SAID{Protocol: ipsec.ESP}, Encr: suite.Null, Integ: integ, IntegKey: bytes.Repeat([]byte{0x0b}, integ.KeyLen)}
		o, _ := pair(t, sa)
		b := o.transform.pool.Get().(*bench)
		for range 2 { // also the second time
			if got := b.check(o.transform, []byte("Hi There"), 0); !bytes.Equal(got, octets(t, want)) {
				t.Errorf("%s: %x, want %s", integ.IKEv2, got, want)
			}
		}
	}
}
