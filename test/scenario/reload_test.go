package scenario

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/test/script"
)

// profileOf has the lines of an ipsec profile that choose a version of IKE.
var profileOf = map[string]string{"IKEv1": "", "IKEv2": script.IKEv2Profile}

// Of 100 tunnels one is edited: the other 99 keep their SPIs, and at no moment would a
// packet of theirs be lost. Then one goes with all that is its own, and one comes.
func TestReloadOfHundred(t *testing.T) {
	const n, edited = 100, "Tunnel7"
	for version, words := range profileOf {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			r := newRun(&txtar.Archive{Files: []txtar.File{
				{Name: "R1.cfg", Data: []byte(script.Tunnels(n, 1, 2, words))}, {Name: "R2.cfg", Data: []byte(script.Tunnels(n, 2, 1, words))},
			}}, 1)
			do := func(lines ...string) {
				t.Helper()
				for _, line := range lines {
					if err := r.command(line); err != nil {
						t.Fatalf("%s: %v", line, err)
					}
				}
			}
			do("start auto R1", "start R2", "wait up 60s")
			r1, r2 := r.routers[0], r.routers[1]
			before := spis(r1)
			// whole is false as soon as another tunnel has lost something.
			var lost error
			whole := func() bool {
				for name := range before {
					if name != edited && lost == nil {
						lost = errors.Join(r.world.Carries(r1.Router, r2.Router, name, name), r.world.Carries(r2.Router, r1.Router, name, name))
					}
				}
				return lost == nil
			}
			edit := "crypto isakmp key other address 10.1.7.%d | crypto ikev2 keyring K | peer T7 | pre-shared-key other"
			do("configure R1 "+fmt.Sprintf(edit, 2), "configure R2 "+fmt.Sprintf(edit, 1))
			r.world.Until(2*time.Minute, func() bool { return !whole() || r.agreedOn(edited) == nil && len(spis(r1)) == n && len(spis(r2)) == n })
			after := spis(r1)
			if lost != nil || len(after) != n || after[edited] == before[edited] {
				t.Fatalf("%d tunnels, %s was %x and is %x, lost: %v; %v", len(after), edited, before[edited], after[edited], lost, r.failures())
			}
			for name, spi := range before {
				if name != edited && after[name] != spi {
					t.Errorf("%s: SPI %x, now %x", name, spi, after[name])
				}
			}

			gone := "no interface Tunnel%[1]d | no crypto isakmp key secret%[1]d address 10.1.%[1]d.%[2]d | crypto ikev2 keyring K | no peer T%[1]d | crypto ikev2 profile V2 | no match identity remote address 10.1.%[1]d.%[2]d 255.255.255.255"
			do("configure R1 "+fmt.Sprintf(gone, 9, 2), "advance 1s")
			delete(before, "Tunnel9")
			if _, link := r1.Dataplane.Link("Tunnel9"); link || len(spis(r1)) != n-1 || len(spis(r2)) != n-1 || !whole() {
				t.Errorf("removed: link %v, %d and %d tunnels left; %v", link, len(spis(r1)), len(spis(r2)), lost)
			}
		})
	}
}

// spis are the inbound SPIs of a router's tunnels, the newest of each.
func spis(x *router) map[string]uint32 {
	all := map[string]uint32{}
	for _, t := range x.Views().Tunnels {
		for _, c := range t.Children {
			all[t.Name] = c.In.SPI
		}
	}
	return all
}

// agreedOn says whether a tunnel carries both ways.
func (r *run) agreedOn(name string) error {
	return r.wantCarries(r.routers[0], []string{name, r.routers[1].name, name})
}

// A reload at every moment of a negotiation, and of a rekeying: of one end, of the other,
// of both. Nothing of the old configuration comes up after it, and the tunnel is up with
// the new one when both ends have that.
func TestReloadAtEveryMoment(t *testing.T) {
	const stronger = " crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac | mode transport"
	for version, words := range profileOf {
		for _, first := range [][]string{{"R1"}, {"R2"}, {"R1", "R2"}} {
			for _, rekey := range []bool{false, true} {
				t.Run(fmt.Sprint(version, first, rekey), func(t *testing.T) {
					t.Parallel()
					for n, more := 0, true; more; n++ {
						r := newRun(&txtar.Archive{Files: []txtar.File{
							{Name: "R1.cfg", Data: []byte(script.Tunnels(1, 1, 2, words+" set security-association lifetime seconds 120\n"))},
							{Name: "R2.cfg", Data: []byte(script.Tunnels(1, 2, 1, words))},
						}}, uint64(n+1))
						var err error
						more, err = r.reloaded(n, rekey, first, stronger)
						if err != nil {
							t.Errorf("after %d datagrams: %v", n, err)
						}
					}
				})
			}
		}
	}
}

// reloaded reloads the first routers after n datagrams of a negotiation or of a rekeying
// by R1, and later all. more is false when that was over by then.
func (r *run) reloaded(n int, rekey bool, first []string, edit string) (more bool, err error) {
	var errs []error
	do := func(line string) {
		if err := r.command(line); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", line, err))
		}
	}
	do("start auto")
	do("delay 20ms")
	began := 0
	if rekey {
		do("wait agreed 20s")
		do("advance 20s") // both began
		began = len(r.world.Sent)
	}
	over := r.world.Now.Add(3 * time.Minute)
	r.world.Until(3*time.Minute, func() bool { return len(r.world.Sent) >= began+n })
	more = r.world.Now.Before(over) && n < 24
	for _, name := range first {
		do("configure " + name + edit)
	}
	do("mark")
	do("advance 500ms")
	for _, x := range r.routers {
		for _, report := range x.Reports[x.reported:] {
			up, ok := report.Event.(ike.ChildUp)
			if ok && slices.Contains(first, x.name) && up.In.KeyBits() != 256 {
				errs = append(errs, fmt.Errorf("%s: SAs of the old configuration came up", x.name))
			}
		}
	}
	for _, x := range r.routers {
		if !slices.Contains(first, x.name) {
			do("configure " + x.name + edit)
		}
	}
	do("wait agreed 3m")
	for _, x := range r.routers {
		for id := range x.Dataplane.SAs {
			if sa := x.Dataplane.SAs[id]; sa.KeyBits() != 256 {
				errs = append(errs, fmt.Errorf("%s: an SA with a key of %d bits", x.name, sa.KeyBits()))
			}
		}
		if len(x.Dataplane.Violations) > 0 {
			errs = append(errs, errors.New(x.Dataplane.Violations[0]))
		}
	}
	return more, errors.Join(errs...)
}
