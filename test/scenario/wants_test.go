package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ioslog"
	"github.com/obol-ike/obol/internal/sim"
	"github.com/obol-ike/obol/test/script"
)

// want checks one expectation:
//
//	lengths 164 104 * ...       the ISAKMP lengths of all that was sent since mark
//	at most 16 datagrams        since mark
//	copies R1 727 6             R1 sent one datagram of that length six times, and no other of it
//	sa [R1] 1                   pairs of SAs, in the engine's view and in the kernel
//	isakmp [R1] 1               established IKE SAs of version 1; ikev2 likewise
//	link R1 Tunnel1 up 1414     line protocol and MTU
//	kind R1 Tunnel1 vti         what the kernel has of it
//	route R1 192.168.200.0/24   a route in the kernel; "no route" likewise
//	carries R1 Tunnel1 R2 Tunnel1   packets pass, in both directions
//	event R1 TYPE [TEXT]        an event since mark, "no event" none; TEXT is part of it as printed
//	debug R1 TEXT               a line of the log since mark, "no debug" none
//	profile R1 prof1, trustpoint R1 IOSCA1   what R1 chose since mark, none: nothing
//	failed R1 TEXT              why the last attempt of its tunnel failed
//	nothing left [R1]           no IKE SA, no SA, nothing to wait for
//	empty R1                    nothing at all in the kernel
func (r *run) want(line string) error {
	no := strings.HasPrefix(line, "no ")
	words := strings.Fields(strings.TrimPrefix(line, "no "))
	rest := func(n int) string { return strings.Join(words[n:], " ") }
	switch words[0] {
	case "lengths":
		return r.wantLengths(words[1:])
	case "at":
		most, _ := strconv.Atoi(words[2])
		if n := len(r.world.Sent) - r.sent; n > most {
			return fmt.Errorf("%d datagrams", n)
		}
		return nil
	case "sa", "isakmp", "ikev2":
		return r.wantSAs(words[0], words[1:len(words)-1], words[len(words)-1])
	case "nothing":
		return r.each(words[2:], nothingLeft)
	}
	x, err := r.router(words[1])
	if err != nil {
		return err
	}
	switch words[0] {
	case "copies":
		return r.wantCopies(x, words[2], words[3])
	case "link":
		return wantLink(x, words[2:])
	case "kind":
		if l, _ := x.Dataplane.Link(words[2]); l.Kind.String() != words[3] {
			return errors.New(l.Kind.String())
		}
		return nil
	case "route":
		return wantRoute(x, words[2], no)
	case "carries":
		return r.wantCarries(x, words[2:])
	case "event":
		return wantEvent(x, words[2], rest(3), no)
	case "debug":
		return wantDebug(x, rest(2), no)
	case "profile", "trustpoint":
		if got := script.See(log(x)).Field(words[0]); got != words[2] {
			return errors.New(got)
		}
		return nil
	case "failed":
		return wantFailed(x, rest(2))
	case "empty":
		d := x.Dataplane
		if n := len(d.SAs) + len(d.Policies) + len(d.Links) + len(d.Routes); n != 0 {
			return fmt.Errorf("left: %v %v %v %v", d.SAs, d.Policies, d.Links, d.Routes)
		}
		return nil
	}
	return errors.New("no such expectation")
}

func (r *run) wantLengths(words []string) error {
	var got []string
	same := true
	for i, s := range r.world.Sent[r.sent:] {
		n := strconv.Itoa(len(s.Datagram.Data))
		got = append(got, n)
		if i < len(words) && words[i] != "*" && words[i] != n {
			same = false
		}
	}
	if !same || len(got) != len(words) {
		return fmt.Errorf("sent %v", got)
	}
	return nil
}

func (r *run) wantCopies(x *router, length, count string) error {
	var sent [][]byte
	for _, s := range r.world.Sent[r.sent:] {
		if s.From == x.Router && strconv.Itoa(len(s.Datagram.Data)) == length {
			sent = append(sent, s.Datagram.Data)
		}
	}
	if strconv.Itoa(len(sent)) != count {
		return fmt.Errorf("sent %d times", len(sent))
	}
	for _, d := range sent {
		if !bytes.Equal(d, sent[0]) {
			return errors.New("not the same octets every time")
		}
	}
	return nil
}

func (r *run) wantSAs(what string, names []string, count string) error {
	return r.each(names, func(x *router) error {
		v := x.Views()
		established, pairs := map[string]int{}, 0
		for _, s := range v.Sessions {
			pairs += len(s.Children)
			if !s.Established.IsZero() && s.Status == "ACTIVE" {
				established["isakmp"]++
			}
		}
		for _, s := range v.IKEv2 {
			pairs += len(s.Children)
			if s.Status == "READY" {
				established["ikev2"]++
			}
		}
		if what != "sa" {
			if strconv.Itoa(established[what]) != count {
				return fmt.Errorf("%d established of %+v %+v", established[what], v.Sessions, v.IKEv2)
			}
			return nil
		}
		tunnels := 0
		for _, t := range v.Tunnels {
			tunnels += len(t.Children)
		}
		if strconv.Itoa(pairs) != count || tunnels != pairs || len(x.Dataplane.SAs) != 2*pairs {
			return fmt.Errorf("%d pairs in sessions, %d in tunnels, %d SAs in the kernel", pairs, tunnels, len(x.Dataplane.SAs))
		}
		return nil
	})
}

func wantLink(x *router, words []string) error {
	l, ok := x.Dataplane.Link(words[0])
	if !ok {
		return errors.New("no such link")
	}
	if l.Up != (words[1] == "up") || len(words) > 2 && strconv.Itoa(l.MTU) != words[2] {
		return fmt.Errorf("up %v, MTU %d", l.Up, l.MTU)
	}
	return nil
}

func wantRoute(x *router, dst string, no bool) error {
	for _, route := range x.Dataplane.Routes {
		if route.Dst.String() == dst {
			if no {
				return errors.New("it is there")
			}
			return nil
		}
	}
	if no {
		return nil
	}
	return fmt.Errorf("routes %v", x.Dataplane.Routes)
}

func (r *run) wantCarries(x *router, words []string) error {
	y, err := r.router(words[1])
	if err != nil {
		return err
	}
	return errors.Join(
		r.world.Carries(x.Router, y.Router, words[0], words[2]),
		r.world.Carries(y.Router, x.Router, words[2], words[0]))
}

func wantEvent(x *router, kind, text string, no bool) error {
	for _, report := range x.Reports[x.reported:] {
		if reflect.TypeOf(report.Event).Name() == kind && strings.Contains(fmt.Sprintf("%+v", report.Event), text) {
			if no {
				return fmt.Errorf("%+v", report.Event)
			}
			return nil
		}
	}
	if no {
		return nil
	}
	return errors.New("no such event")
}

// log is what a router's terminal shows since mark, a message a line.
func log(x *router) []string {
	var lines []string
	for _, report := range x.Reports[x.reported:] {
		for _, l := range ioslog.Lines(report) {
			lines = append(lines, l.Text)
		}
	}
	return lines
}

func wantDebug(x *router, text string, no bool) error {
	i := slices.IndexFunc(log(x), func(l string) bool { return strings.Contains(l, text) })
	switch {
	case no && i >= 0:
		return errors.New("it is there")
	case !no && i < 0:
		return fmt.Errorf("not in:\n\t%s", strings.Join(log(x), "\n\t"))
	}
	return nil
}

func wantFailed(x *router, text string) error {
	if last := failure(x); !strings.Contains(last, text) {
		return errors.New(last)
	}
	return nil
}

// failure is why the last attempt since mark failed, "" when none has.
func failure(x *router) (last string) {
	for _, report := range x.Reports[x.reported:] {
		if f, ok := report.Event.(ike.NegotiationFailed); ok {
			last = f.Stage + ": " + f.Reason
		}
	}
	return last
}

func nothingLeft(x *router) error {
	var v engine.View = x.Views()
	if len(v.Sessions)+len(v.IKEv2) > 0 {
		return fmt.Errorf("sessions %+v %+v", v.Sessions, v.IKEv2)
	}
	if n := len(x.Dataplane.SAs); n > 0 {
		return fmt.Errorf("%d SAs in the kernel", n)
	}
	if at, why := x.Timeout(); !at.IsZero() && why != engine.RunningOut {
		return fmt.Errorf("a timer after %v: %s", at.Sub(sim.Epoch), why)
	}
	for _, t := range v.Tunnels {
		if t.Negotiating {
			return fmt.Errorf("%s negotiates", t.Name)
		}
	}
	return nil
}
