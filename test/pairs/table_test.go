package pairs

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/obol-ike/obol/test/script"
)

// The note in a page: who asks for which CAs, who signs with what, and who takes
// what. It knows CAs by their trustpoints, and nothing of obol.

// shown is the order of show crypto pki certificates: the last enrolled first.
func (e *End) shown() []string {
	list := slices.Clone(e.Enrolled)
	slices.Reverse(list)
	return list
}

// allowed is what the profile's list lets stand of trustpoints, in their order.
func (e *End) allowed(trustpoints []string) []string {
	if len(e.Profiles[0].List) == 0 {
		return trustpoints
	}
	return both(trustpoints, e.Profiles[0].List)
}

// both are those of a list that are in another.
func both(list, other []string) (out []string) {
	for _, x := range list {
		if slices.Contains(other, x) {
			out = append(out, x)
		}
	}
	return out
}

// first is the first of a list, "" of none.
func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// trusts: "se valida con respecto a los puntos de confianza específicos que se
// configuran bajo el perfil", with either part.
func (e *End) trusts(trustpoint string) bool {
	return slices.Contains(e.allowed(e.Enrolled), trustpoint)
}

// expectation is what the note says of a direction.
type expectation struct {
	askedByInitiator, askedByResponder []string
	initiator, responder               string // the trustpoints that they sign with, "": the note does not say
	up                                 bool
}

// ikev1: the initiator asks for its profile's CAs, the responder, which does not
// know the profile yet, for all; of what is asked each signs with the first that it
// holds, the initiator within its profile's list.
func ikev1(i, r *End) (x expectation) {
	x.askedByInitiator, x.askedByResponder = i.allowed(i.shown()), r.shown()
	x.responder = first(both(x.askedByInitiator, r.Enrolled))
	x.initiator = first(both(x.askedByResponder, i.allowed(i.Enrolled)))
	x.up = r.trusts(x.initiator) && i.trusts(x.responder)
	return x
}

// ikev2: an initiator signs with a trustpoint of its profile, or not at all. It asks
// for the profile's CAs, that of its own certificate first. The responder keeps to
// its profile, which it knows by then.
func ikev2(i, r *End) (x expectation) {
	x.askedByResponder = r.shown()
	if len(i.Profiles[0].List) == 0 {
		return x
	}
	x.initiator = first(both(x.askedByResponder, i.Profiles[0].List))
	if x.initiator == "" {
		return x
	}
	x.askedByInitiator = unique(append([]string{x.initiator}, i.allowed(i.shown())...))
	x.responder = first(both(x.askedByInitiator, r.allowed(r.Enrolled)))
	x.up = r.trusts(x.initiator) && i.trusts(x.responder)
	return x
}

// The table of the note holds over configurations at random: what is asked for,
// what is signed with, and whether it comes up.
func TestTheNotesTable(t *testing.T) {
	ups := map[string]int{}
	for _, version := range []struct {
		ike    int
		expect func(i, r *End) expectation
	}{{1, ikev1}, {2, ikev2}} {
		for seed := range uint64(40) {
			p := Certificates(seed, version.ike)
			directions := 0
			for _, d := range []struct{ i, r *End }{{&p.R1, &p.R2}, {&p.R2, &p.R1}} {
				want := version.expect(d.i, d.r)
				got := negotiate(t, p, d.i.Name)
				if err := want.compare(version.ike, d.i.Name, d.r.Name, got); err != nil {
					t.Errorf("IKEv%d, seed %d, %s begins: %v\n%s\n%s", version.ike, seed, d.i.Name, err, p.R1.Config(p.IKE), p.R2.Config(p.IKE))
				}
				if got.up {
					directions++
				}
			}
			ups[fmt.Sprintf("IKEv%d: %d directions up", version.ike, directions)]++
		}
	}
	t.Log(ups)
	if len(ups) != 6 {
		t.Error("not every verdict among them")
	}
}

func (x expectation) compare(ike int, initiator, responder string, got attempt) error {
	i, r := script.See(got.lines[initiator]), script.See(got.lines[responder])
	switch {
	case got.up != x.up:
		return fmt.Errorf("up %v, the note says %v", got.up, x.up)
	case x.up && (i.Trustpoint != x.initiator || r.Trustpoint != x.responder):
		return fmt.Errorf("signed with %s and %s, the note says %s and %s", i.Trustpoint, r.Trustpoint, x.initiator, x.responder)
	case ike == 2: // its hashes stand in no line
		return nil
	}
	if asked := requests(got.lines[initiator]); !slices.Equal(asked, x.askedByInitiator) {
		return fmt.Errorf("MM3 asks for %v, the note says %v", asked, x.askedByInitiator)
	}
	if asked := requests(got.lines[responder]); !slices.Equal(asked, x.askedByResponder) {
		return fmt.Errorf("MM4 asks for %v, the note says %v", asked, x.askedByResponder)
	}
	return nil
}

var request = regexp.MustCompile(`constructing CERT_REQ for issuer cn=CA(\d),o=cisco,o=com$`)

// requests are the trustpoints whose CAs a router asks for.
func requests(lines []string) (out []string) {
	for _, l := range lines {
		if m := request.FindStringSubmatch(l); m != nil {
			out = append(out, "IOSCA"+m[1])
		}
	}
	return out
}
