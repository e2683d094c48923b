package ikev1

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
)

// The note's pair, R1 starts: every length of its captures.
func TestNoteLengths(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	if want := []int{164, 327}; !slices.Equal(p.r1.lens[:2], want) {
		t.Errorf("MM1, MM3: %v, want %v", p.r1.lens[:2], want)
	}
	if want := []int{104, 727}; !slices.Equal(p.r2.lens[:2], want) {
		t.Errorf("MM2, MM4: %v, want %v", p.r2.lens[:2], want)
	}
	if mm5, mm6 := p.r1.lens[2], p.r2.lens[2]; mm5-mm6 != 24 && mm5-mm6 != 32 {
		t.Errorf("MM5 %d, MM6 %d: INITIAL_CONTACT makes 24 or 32 with 3DES", mm5, mm6)
	}
	if p.r1.lens[3] != 164 || p.r2.lens[3] != 164 {
		t.Errorf("QM1 %d, QM2 %d, want 164", p.r1.lens[3], p.r2.lens[3])
	}
	if n := len(p.r1.lens) + len(p.r2.lens); n != 9 {
		t.Errorf("%d datagrams, want 9", n)
	}
}

func TestLengthsOfR2(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r2)
	p.settle()
	if p.r2.lens[1] != 707 || p.r1.lens[1] != 727 {
		t.Errorf("MM3 %d, MM4 %d, want 707 and 727", p.r2.lens[1], p.r1.lens[1])
	}
}

func TestLengthsOfVTI(t *testing.T) {
	p := newPair(t, vti)
	p.up(p.r1)
	if p.r1.lens[3] != 172 || p.r2.lens[3] != 172 {
		t.Errorf("QM1 %d, QM2 %d, want 172", p.r1.lens[3], p.r2.lens[3])
	}
}

func vti(_ string, c *policy.Config) {
	c.Interfaces[0].Tunnel.Mode, c.Interfaces[0].Tunnel.Mark = policy.IPsecIPv4, 7
}

// Both ends of a tunnel have the same two SAs, mirrored.
func TestSAsAgree(t *testing.T) {
	for _, o := range []struct {
		name   string
		change option
	}{
		{"note", func(string, *policy.Config) {}},
		{"vti", vti},
		{"pfs", func(_ string, c *policy.Config) { c.IPsec[0].PFS, _ = suite.GroupByNumber(2) }},
		{"pfs ecp", func(_ string, c *policy.Config) { c.IPsec[0].PFS, _ = suite.GroupByNumber(19) }},
		{"aes-256", func(_ string, c *policy.Config) {
			c.Policies[0].Encr, c.Policies[0].KeyBits, c.Policies[0].Hash = suite.AES, 256, suite.SHA256
		}},
		{"des", func(_ string, c *policy.Config) { c.Policies[0].Encr, c.Policies[0].Hash = suite.DES, suite.SHA1 }},
	} {
		t.Run(o.name, func(t *testing.T) {
			p := newPair(t, o.change)
			p.up(p.r1)
			for id, mine := range p.r1.sas {
				his, ok := p.r2.sas[id]
				if !ok {
					t.Fatalf("R2 has no %v", id)
				}
				if !slices.Equal(mine.EncrKey, his.EncrKey) || !slices.Equal(mine.IntegKey, his.IntegKey) || len(mine.IntegKey) != 32 || len(mine.EncrKey) != 16 {
					t.Errorf("keys of %v differ or have wrong lengths", id)
				}
				if mine.Direction == his.Direction || mine.Selector != his.Selector.Mirror() || mine.ReqID != ipsec.ReqIDBase+1 || mine.Replay != 64 {
					t.Errorf("%+v\n%+v", mine, his)
				}
				if mine.Hard.Duration != time.Hour || mine.Soft.Duration >= mine.Hard.Duration || mine.Hard.Kilobytes > 4608000 || mine.Hard.Kilobytes <= 4147200 || mine.Soft.Kilobytes != mine.Hard.Kilobytes-256 {
					t.Errorf("lifetimes %v %v", mine.Soft, mine.Hard)
				}
			}
		})
	}
}

// What lets the peer use an SA leaves after that SA stands.
func TestOrderOfInstallation(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	if got, want := strings.Join(p.r1.orders, " "), "send send send send in out send"; got != want {
		t.Errorf("initiator: %s, want %s", got, want)
	}
	if got, want := strings.Join(p.r2.orders, " "), "send send send in out send"; got != want {
		t.Errorf("responder: %s, want %s", got, want)
	}
}

// The state names of both roles, as IOS prints them.
func TestStates(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	steps := func(r *party, node bool) string {
		var names []string
		for _, e := range all[StateChange](r) {
			if (e.Node != 0) == node && e.Old != e.New {
				names = append(names, e.New.String())
			}
		}
		return strings.Join(names, " ")
	}
	for _, c := range []struct {
		r    *party
		node bool
		want string
	}{
		{p.r1, false, "IKE_I_MM1 IKE_I_MM2 IKE_I_MM3 IKE_I_MM4 IKE_I_MM5 IKE_I_MM6 IKE_P1_COMPLETE"},
		{p.r2, false, "IKE_R_MM1 IKE_R_MM2 IKE_R_MM3 IKE_R_MM4 IKE_R_MM5 IKE_P1_COMPLETE"},
		{p.r1, true, "IKE_QM_I_QM1 IKE_QM_IPSEC_INSTALL_AWAIT IKE_QM_PHASE2_COMPLETE"},
		{p.r2, true, "IKE_QM_SPI_STARVE IKE_QM_IPSEC_INSTALL_AWAIT IKE_QM_R_QM2 IKE_QM_PHASE2_COMPLETE"},
	} {
		if got := steps(c.r, c.node); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.r.name, got, c.want)
		}
	}
	var sent []string
	for _, e := range append(all[PacketSent](p.r1), all[PacketSent](p.r2)...) {
		sent = append(sent, e.Role.String()+" "+e.State.String())
	}
	want := "I MM_NO_STATE,I MM_SA_SETUP,I MM_KEY_EXCH,I QM_IDLE,I QM_IDLE,R MM_SA_SETUP,R MM_KEY_EXCH,R MM_KEY_EXCH,R QM_IDLE"
	if got := strings.Join(sent, ","); got != want {
		t.Errorf("states of packets:\n%s, want\n%s", got, want)
	}
}

// R1 asks for IOSCA1 only, R2 for everything; both sign with CA1's.
func TestNoteCertificates(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	if n := len(all[CertReqBuilt](p.r1)); n != 1 {
		t.Errorf("R1 built %d CERTREQs, want 1", n)
	}
	if n := len(all[CertReqBuilt](p.r2)); n != 7 {
		t.Errorf("R2 built %d CERTREQs, want 7", n)
	}
	for _, r := range []*party{p.r1, p.r2} {
		want(t, r, func(e TrustpointChosen) bool { return e.Trustpoint == "IOSCA1" && !e.Fallback })
		want(t, r, func(e SigningKeyChosen) bool { return e.Trustpoint == "IOSCA1" })
		want(t, r, func(e ike.SessionUp) bool { return e.Profile == "prof1" })
	}
	want(t, p.r1, func(e ProfileListExamined) bool { return e.Trustpoint == "IOSCA1" && e.Found })
	if len(all[ProfileListExamined](p.r2)) != 0 {
		t.Error("the responder examined a profile list")
	}
	want(t, p.r2, func(e InitialContact) bool { return e.PeerID == "R1.cisco.com" })
	want(t, p.r2, func(e NATDRead) bool { return !e.Self && !e.Peer })
	for _, e := range all[VendorIDBuilt](p.r1) {
		if e.ConnID != 0 {
			t.Error("the conn-id shows before the keys exist")
		}
	}
}

// R2 starts: R1 refuses the certificate in silence. MM4 and MM5 go six times
// each, then nothing is left.
func TestNoteFailure(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r2)
	p.settle()
	want(t, p.r1, func(e CertRefused) bool { return !e.Verdict.OK })
	p.advance(90*time.Second, nil)
	if n := len(p.r1.lens) + len(p.r2.lens); n > 16 {
		t.Errorf("%d datagrams in 90 s", n)
	}
	count := func(lens []int, of int) (n int) {
		for _, l := range lens {
			if l == of {
				n++
			}
		}
		return n
	}
	if n := count(p.r1.lens, 727); n != 6 {
		t.Errorf("MM4 went %d times", n)
	}
	if n := count(p.r2.lens, p.r2.lens[2]); n != 6 {
		t.Errorf("MM5 went %d times", n)
	}
	if n := len(all[CertRefused](p.r1)); n != 1 {
		t.Errorf("the certificate was judged %d times", n)
	}
	p.r1.wantIdle()
	p.r2.wantIdle()
	want(t, p.r2, func(e ike.NegotiationFailed) bool {
		return e.Tunnel == "Tunnel1" && e.Stage == "MM5" && strings.Contains(e.Reason, "IOSCA2")
	})
	want(t, p.r1, func(e ike.NegotiationFailed) bool {
		return e.Stage == "MM5" && strings.HasPrefix(e.Reason, "certificate refused")
	})
	want(t, p.r1, func(e ike.SessionDown) bool { return e.Reason == "Death by retransmission P1" })
}

// R1 enrolled in the other order: R2's direction comes up.
func TestNoteReenrolled(t *testing.T) {
	p := newPair(t)
	p.r1.env.PKI = note.R1Reenrolled()
	p.up(p.r2)
}
