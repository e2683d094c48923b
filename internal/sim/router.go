package sim

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
)

// Router is an engine with its data plane and what it reported.
type Router struct {
	Name      string
	Dataplane *Dataplane
	Reports   []ike.Report

	StoredCRLs []ike.StoreCRL // that it wants kept

	world     *World
	engine    *engine.Engine // nil: it is dead
	config    *policy.Config
	pki       *pki.Snapshot
	options   engine.Options
	life      int // of the power button
	processes int // that it has had
	quiet     int // timer calls at one instant
	last      time.Time
}

// door is the VRF that one of its addresses is in.
func (r *Router) door(a netip.Addr) string {
	for _, itf := range r.config.Interfaces {
		if itf.Kind != policy.TunnelInterface && slices.ContainsFunc(itf.Addresses, func(p netip.Prefix) bool { return p.Addr() == a }) {
			return itf.VRF
		}
		if itf.Tunnel != nil && itf.Tunnel.Source == a {
			return itf.Tunnel.VRF
		}
	}
	return ""
}

// Add starts a router. It has the addresses of its interfaces, those inside its
// tunnels excepted, and the sources of its tunnels.
func (w *World) Add(name string, config *policy.Config, snapshot *pki.Snapshot, options engine.Options) *Router {
	r := &Router{Name: name, world: w, config: config, pki: snapshot.Forget(), options: options}
	r.Dataplane = newDataplane(r)
	for _, itf := range config.Interfaces {
		if itf.Kind != policy.TunnelInterface {
			for _, p := range itf.Addresses {
				w.owners[p.Addr()] = r
			}
		}
		if itf.Tunnel != nil {
			w.owners[itf.Tunnel.Source] = r
		}
	}
	w.Routers = append(w.Routers, r)
	r.Start()
	return r
}

// Start switches a router on: with an empty kernel, and other random numbers
// than last time.
func (r *Router) Start() {
	r.life++
	r.processes++
	if err := r.Dataplane.Sweep(); err != nil {
		panic(err) // the recording data plane knows no error here
	}
	r.engine = engine.New(r.world.Now, r.env(), r.options)
	r.apply()
}

// Kill stops a router without a word: what it put into the kernel stays.
func (r *Router) Kill() { r.engine = nil }

// Command gives the engine a command.
func (r *Router) Command(cmd ike.Command) error {
	err := r.engine.Command(r.world.Now, cmd)
	if a, ok := cmd.(ike.Adopt); ok && err == nil {
		if a.Config != nil {
			r.config = a.Config
		}
		if a.PKI != nil {
			r.pki = a.PKI
		}
	}
	r.apply()
	return err
}

// Config is the running configuration.
func (r *Router) Config() *policy.Config { return r.config }

// Views copies the engine's state.
func (r *Router) Views() engine.View { return r.engine.Views(r.world.Now) }

// Timeout is when the engine wants to be called, and why.
func (r *Router) Timeout() (time.Time, string) { return r.timeout() }

func (r *Router) timeout() (time.Time, string) {
	if r.engine == nil {
		return time.Time{}, ""
	}
	return r.engine.NextTimeout()
}

func (r *Router) tick(why string) {
	if r.last != r.world.Now {
		r.last, r.quiet = r.world.Now, 0
	}
	if r.quiet++; r.quiet > spin {
		panic(fmt.Sprintf("%s does not come to rest: %s", r.Name, why))
	}
	r.engine.HandleTimeout(r.world.Now)
	r.apply()
}

func (r *Router) receive(d ike.Datagram) {
	if r.engine == nil || d.NATKeepalive() { // which the socket drops
		return
	}
	r.engine.HandleDatagram(r.world.Now, d)
	r.apply()
}

// kernel tells the engine something after a while.
func (r *Router) kernel(after time.Duration, event func() ipsec.Event) {
	r.later(after, func() {
		if e := event(); e != nil {
			r.engine.HandleKernel(r.world.Now, e)
		}
	})
}

// later does something with the engine after a while, unless it was restarted
// meanwhile.
func (r *Router) later(after time.Duration, do func()) {
	life := r.life
	r.world.later(after, func() {
		if r.life == life && r.engine != nil {
			do()
			r.apply()
		}
	})
}

// apply carries out what the engine wants, in its order. The recording data
// plane refuses nothing but what a test makes it refuse.
func (r *Router) apply() {
	for {
		o, ok := r.engine.Poll()
		if !ok {
			return
		}
		var err error
		switch o := o.(type) {
		case ike.Send:
			r.world.send(r, o.Datagram)
		case ike.ExpectSA:
			err = r.Dataplane.ExpectSA(o.SAID, o.Encap)
		case ike.InstallSA:
			installed := ipsec.Installed{SAID: o.SA.SAID, Err: r.Dataplane.InstallSA(o.SA)}
			r.kernel(0, func() ipsec.Event { return installed })
		case ike.UpdateSA:
			err = r.Dataplane.UpdateSA(o.SA)
		case ike.RemoveSA:
			err = r.Dataplane.RemoveSA(o.SAID)
		case ike.QuerySA:
			r.kernel(0, func() ipsec.Event {
				counters, err := r.Dataplane.QuerySA(o.SAID)
				return ipsec.Queried{SAID: o.SAID, Counters: counters, Err: err}
			})
		case ike.SetPolicy:
			if o.Remove {
				err = r.Dataplane.RemovePolicy(o.Policy)
			} else {
				err = r.Dataplane.SetPolicy(o.Policy)
			}
		case ike.SetLink:
			if o.Remove {
				err = r.Dataplane.RemoveLink(o.Link.Name)
			} else {
				err = r.Dataplane.SetLink(o.Link)
			}
		case ike.SetRoute:
			if o.Remove {
				err = r.Dataplane.RemoveRoute(o.Route)
			} else {
				err = r.Dataplane.SetRoute(o.Route)
			}
		case ike.Lookup:
			r.lookUp(o)
		case ike.StoreCRL:
			r.StoredCRLs = append(r.StoredCRLs, o)
		case ike.Reinstate:
			r.later(0, func() {
				if err := r.Command(ike.Adopt{Config: o.Config}); err != nil {
					r.Dataplane.violate("%v", err)
				}
			})
		case ike.Report:
			r.Reports = append(r.Reports, o)
		}
		if err != nil {
			r.Dataplane.violate("%v", err)
		}
	}
}

// lookUp asks the world's web. What hangs there is never answered in time.
func (r *Router) lookUp(l ike.Lookup) {
	if l.Query == nil {
		answer := r.world.fetch(l.URL)
		r.later(r.world.Delay, func() { r.engine.HandleLookup(r.world.Now, l.ID, answer) })
		return
	}
	delay, answer := r.world.Delay, ike.Answer{Err: errors.New("nobody answers there")}
	for _, url := range l.Query.URLs {
		if r.world.Hanging[url] {
			delay += queryTime
			answer.Err = errors.New("the server did not answer in time")
		} else if serve := r.world.Servers[url]; serve != nil {
			body, _ := l.Query.Body()
			answer.Finding, answer.Err = l.Query.Read(serve(body), r.world.Now)
			break
		}
	}
	r.later(delay, func() { r.engine.HandleLookup(r.world.Now, l.ID, answer) })
}

// queryTime is the daemon's: how long a server has.
const queryTime = 4 * time.Second

// Address is where the router sends from: the source of a tunnel.
func (r *Router) Address(tunnel string) netip.Addr {
	if itf := r.config.Interface(tunnel); itf != nil && itf.Tunnel != nil {
		return itf.Tunnel.Source
	}
	return netip.Addr{}
}
