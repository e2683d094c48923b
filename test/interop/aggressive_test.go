//go:build vm

package interop

import (
	"testing"

	"github.com/obol-ike/obol/test/routers"
	"github.com/obol-ike/obol/wire"
)

// keyed are both ends with a pre-shared key. The peer's name is a key id, which
// only aggressive mode can find a key by.
func keyed() terms {
	return terms{
		global:        "crypto keyring KR\n pre-shared-key address 192.168.0.2 key cisco\n",
		policy:        " authentication pre-share\n",
		profile:       " keyring KR\n self-identity fqdn R1.cisco.com\n match identity group branch\n initiate mode aggressive\n",
		charon:        "aggressive = yes",
		charonEnds:    "local { auth = psk\n id = keyid:branch }\n remote { auth = psk\n id = R1.cisco.com }\n",
		charonSecrets: "ike-1 { id-1 = R1.cisco.com\n id-2 = keyid:branch\n secret = cisco }",
		pluto:         "\tleftid=@[branch]\n\trightid=@R1.cisco.com\n\tauthby=secret\n\taggressive=yes\n",
		plutoSecrets:  "@[branch] @R1.cisco.com : PSK \"cisco\"\n",
	}
}

// Aggressive mode, with a pre-shared key and with certificates.
func TestAggressiveMode(t *testing.T) {
	signing := certified("", "aggressive = yes", "\taggressive=yes\n\tsendca=issuer\n")
	// pluto shows no intermediate certificate in aggressive mode: R1 has it in a
	// trustpoint, and it counts only as far as the root vouches for it.
	signing.profile += " ca trust-point SUB2\n initiate mode aggressive\n"
	for _, c := range []struct {
		name  string
		terms terms
	}{{"pre-shared key", keyed()}, {"certificates", signing}} {
		for _, d := range others {
			t.Run(d.name+"/"+c.name, func(t *testing.T) {
				b, h := newChainLab(t, c.terms)
				p := d.start(b, h, c.terms)
				b.turns(t, p, func(t *testing.T, packets []routers.Packet) {
					n := 0
					for _, packet := range packets {
						if packet.ISAKMP() && wire.ExchangeType(packet.Payload[18]) == wire.ExchangeAggressive {
							n++
						}
					}
					if n < 3 {
						t.Errorf("%d datagrams of aggressive mode, want 3", n)
					}
				})
			})
		}
	}
}
