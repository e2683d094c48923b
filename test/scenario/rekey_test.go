package scenario

import (
	"fmt"
	"testing"
	"time"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/sim"
)

// pace is the time between two packets of a constant flow: 500 a second.
const pace = 2 * time.Millisecond

// steady lets time pass with a constant flow in both directions, a packet each pace, and
// gives how many were sent and what became of those that did not arrive.
func (r *run) steady(d, pace time.Duration) (sent int, lost []error) {
	x, y := r.routers[0], r.routers[1]
	arrived := func(err error) {
		if err != nil {
			lost = append(lost, fmt.Errorf("after %v: %w", r.world.Now.Sub(sim.Epoch), err))
		}
	}
	for ; d > 0; d -= pace {
		r.world.Transmit(x.Router, y.Router, "Tunnel1", "Tunnel1", arrived)
		r.world.Transmit(y.Router, x.Router, "Tunnel1", "Tunnel1", arrived)
		r.world.Run(pace)
		sent += 2
	}
	return sent, lost
}

// versions are the note's tunnel with either version of IKE.
var versions = map[string]string{
	"IKEv1":          "drop R1 ca trust-point IOSCA1\n",
	"IKEv1 with PFS": "drop R1 ca trust-point IOSCA1\nadd R1 crypto ipsec profile prof1 | set pfs group19\nadd R2 crypto ipsec profile prof1 | set pfs group19\n",
	"IKEv2":          "config ikev2-psk/\n",
}

// rekeys lets a flow pass while commands are given, and checks what is left.
func rekeys(t *testing.T, version string, after time.Duration, rounds int, commands func(round int) []string) *run {
	t.Helper()
	r := started(t, 1, versions[version]+"start\ninitiate R1 Tunnel1\nwait up 5s\nadvance 10s\njitter 20ms\n")
	for i := range rounds {
		for _, line := range commands(i) {
			if err := r.command(line); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
		if sent, lost := r.steady(after, pace); len(lost) > 0 {
			t.Fatalf("round %d, %q: %d packets of %d lost, the first %v", i, commands(i), len(lost), sent, lost[0])
		}
	}
	if _, lost := r.steady(10*time.Second, pace); len(lost) > 0 {
		t.Errorf("%d packets lost at the end, the first %v", len(lost), lost[0])
	}
	ikeSAs := "want isakmp 1"
	if version == "IKEv2" {
		ikeSAs = "want ikev2 1"
	}
	for _, line := range []string{"want sa 1", ikeSAs, "wait agreed 1s", "want no event R1 PeerDead", "want no event R2 PeerDead"} {
		if err := r.command(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	return r
}

// An operator rekeys a tunnel sixty times and its IKE SA ten times, half of it from
// either end, under a constant flow: no packet is lost, and one pair is left, under one
// IKE SA.
func TestRekeyUnderFlow(t *testing.T) {
	for version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			r := rekeys(t, version, 3*time.Second, 70, func(i int) []string {
				who, what := "R1", "ipsec"
				if i%2 == 1 {
					who = "R2"
				}
				if i%7 == 3 {
					what = "ike"
				}
				return []string{fmt.Sprintf("rekey %s %s Tunnel1", who, what)}
			})
			for _, x := range r.routers {
				pairs := 0
				for _, report := range x.Reports {
					switch e := report.Event.(type) {
					case ike.ChildUp:
						pairs++
					case ike.NegotiationFailed:
						t.Errorf("%s: %+v", x.name, e)
					}
				}
				if pairs != 61 {
					t.Errorf("%s: %d pairs came up, want the first and sixty", x.name, pairs)
				}
			}
		})
	}
}

// Both ends rekey the same SAs at the same moment, again and again: no packet is lost.
func TestRekeysCross(t *testing.T) {
	for version := range versions {
		for _, what := range []string{"ipsec", "ike"} {
			t.Run(version+" "+what, func(t *testing.T) {
				t.Parallel()
				rekeys(t, version, 15*time.Second, 4, func(int) []string {
					return []string{"rekey R1 " + what + " Tunnel1", "rekey R2 " + what + " Tunnel1"}
				})
			})
		}
	}
}

// Lifetimes are over sixty times for the pairs and ten times for IKE SAs, half of them of a
// tunnel that R1 began, who rekeys it, and half of R2's: no packet is lost, and one pair is
// left, under one IKE SA.
// The flow is that of an operator's rekeys in make soak, and thinner else.
func TestRekeysByLifetime(t *testing.T) {
	lifetimes := map[string]string{
		"IKEv1": versions["IKEv1 with PFS"] +
			"add R1 crypto isakmp policy 10 | lifetime 600 | crypto ipsec security-association lifetime seconds 120\n" +
			"add R2 crypto isakmp policy 10 | lifetime 600 | crypto ipsec security-association lifetime seconds 120\n",
		"IKEv2": versions["IKEv2"] +
			"add R1 crypto ikev2 profile prof1 | lifetime 600 | crypto ipsec profile prof1 | set security-association lifetime seconds 120\n" +
			"add R2 crypto ikev2 profile prof1 | lifetime 620 | crypto ipsec profile prof1 | set security-association lifetime seconds 120\n",
	}
	each := 50 * pace
	if *soak > 0 {
		each = pace
	}
	for version, lines := range lifetimes {
		for _, who := range []string{"R1", "R2"} {
			t.Run(version+" "+who, func(t *testing.T) {
				t.Parallel()
				r := started(t, 1, lines+"start\ninitiate "+who+" Tunnel1\nwait up 5s\nadvance 10s\njitter 20ms\n")
				sent, lost := r.steady(55*time.Minute, each)
				if len(lost) > 0 {
					t.Errorf("%d packets of %d lost, the first %v", len(lost), sent, lost[0])
				}
				if err := r.command("wait agreed 20s"); err != nil {
					t.Error(err)
				}
				var pairs, ikeSAs int
				x, _ := r.router(who)
				for _, report := range x.Reports {
					switch e := report.Event.(type) {
					case ike.ChildUp:
						if e.Initiator {
							pairs++
						}
					case ike.SessionUp, ikev2.SARekeyed:
						ikeSAs++
					case ike.NegotiationFailed:
						t.Errorf("%+v", e)
					}
				}
				if pairs < 31 || ikeSAs < 6 {
					t.Errorf("%d pairs and %d IKE SAs, want the first and thirty, and the first and five", pairs, ikeSAs)
				}
				t.Logf("%d packets, none lost; %d pairs under %d IKE SAs", sent, pairs, ikeSAs)
			})
		}
	}
}
