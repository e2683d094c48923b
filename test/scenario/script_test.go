package scenario

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/sim"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/script"
)

// configs are the examples.
const configs = "../../configs"

// decided is how long an attempt takes at most: six transmissions of a message
// that nobody answers take 60 s.
const decided = 90 * time.Second

// run is one run of a script.
type run struct {
	archive *txtar.Archive
	setup   *script.Setup
	world   *sim.World
	routers []*router
	seeds   int
	sent    int // of world.Sent, before mark
	nat     *sim.NAT
}

// router is one router of a script.
type router struct {
	name        string
	setup       *script.Router
	trustpoints []*pki.Trustpoint
	*sim.Router     // nil before start
	reported    int // of Reports, before mark
}

// newRun begins a script. Of many runs the first has keys as routers have them: in
// the others it is the network that differs, and short keys sign in a sixth of the time.
func newRun(archive *txtar.Archive, seed uint64) *run {
	bits := 2048
	if seed > 1 {
		bits = 1024
	}
	r := &run{archive: archive, setup: script.New(archive, configs, bits), world: sim.New(seed), seeds: 1}
	for _, x := range r.setup.Routers {
		r.routers = append(r.routers, &router{name: x.Name, setup: x})
	}
	return r
}

// all runs every line; the error names the first that fails.
func (r *run) all() error {
	for i, line := range strings.Split(string(r.archive.Comment), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := r.line(line); err != nil {
			return fmt.Errorf("line %d, after %v: %s: %w", i+1, r.world.Now.Sub(sim.Epoch), line, err)
		}
	}
	for _, x := range r.routers {
		if x.Router != nil && len(x.Dataplane.Violations) > 0 {
			return fmt.Errorf("%s: %s", x.name, strings.Join(x.Dataplane.Violations, "; "))
		}
	}
	return nil
}

func (r *run) line(line string) error {
	refused, must := strings.CutPrefix(line, "! ")
	if !must {
		return r.command(line)
	}
	command, text, _ := strings.Cut(refused, " -- ")
	switch err := r.command(command); {
	case err == nil:
		return errors.New("not refused")
	case !strings.Contains(err.Error(), text):
		return fmt.Errorf("refused with %q", err)
	}
	return nil
}

func (r *run) command(line string) error {
	words := strings.Fields(line)
	switch words[0] {
	case "seeds":
		return number(words[1], &r.seeds)
	case "config", "drop", "add":
		return r.setup.Command(line)
	case "enrol":
		if err := r.setup.Command(line); err != nil {
			return err
		}
		return r.each(words[1:2], enrolled)
	case "revoke":
		return r.revoke(words[1], words[2])
	case "without":
		tp, err := r.trustpoint(words[2], words[3])
		if err == nil {
			tp.CRLs = nil
		}
		return err
	case "start":
		return r.start(words[1:])
	case "loss":
		return share(words[1], &r.world.Loss)
	case "duplicate":
		return share(words[1], &r.world.Duplicate)
	case "delay":
		return duration(words[1], &r.world.Delay)
	case "jitter":
		return duration(words[1], &r.world.Jitter)
	case "mtu":
		return number(words[1], &r.world.MTU)
	case "nat":
		return r.masquerade(words[1:])
	case "rebind":
		r.nat.Rebind()
		return nil
	case "sockets": // see test/netns
		return nil
	case "try":
		return r.try(words[1], words[2], words[3])
	case "initiate":
		return r.tell(words[1], ike.Initiate{Tunnel: words[2]})
	case "rekey":
		return r.tell(words[1], ike.Rekey{Tunnel: words[3], IKE: words[2] == "ike"})
	case "clear":
		return r.clear(words[1], words[2])
	case "shutdown":
		return r.tell(words[1], ike.Shutdown{})
	case "kill":
		return r.each(words[1:2], func(x *router) error { x.Kill(); return nil })
	case "boot":
		return r.each(words[1:2], func(x *router) error { x.Start(); return nil })
	case "reload":
		return r.reload(words[1], words[2:])
	case "configure":
		return r.configure(words[1], words[2:])
	case "confirm":
		return r.tell(words[1], ike.Confirm{})
	case "revert":
		return r.tell(words[1], ike.Revert{})
	case "handover":
		return r.each(words[1:2], func(x *router) error { return x.HandOver(200 * time.Millisecond) })
	case "refuse":
		return r.refuse(words[1], words[2])
	case "mark":
		r.sent = len(r.world.Sent)
		return r.each(nil, func(x *router) error { x.reported = len(x.Reports); return nil })
	case "advance":
		var d time.Duration
		err := duration(words[1], &d)
		r.world.Run(d)
		return err
	case "flow":
		return r.flow(words[1], words[2], words[3], words[4], words[5])
	case "wait":
		return r.wait(words[1:])
	case "want":
		return r.want(strings.TrimPrefix(line, "want "))
	}
	return errors.New("no such command")
}

func (r *run) router(name string) (*router, error) {
	for _, x := range r.routers {
		if x.name == name {
			return x, nil
		}
	}
	return nil, fmt.Errorf("no router %s", name)
}

// each does something with the routers named, or all.
func (r *run) each(names []string, do func(*router) error) error {
	for _, x := range r.routers {
		if len(names) > 0 && !slices.Contains(names, x.name) {
			continue
		}
		if err := do(x); err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
	}
	return nil
}

// enrolled makes trustpoints of what a script has enrolled a router at.
func enrolled(x *router) error {
	x.trustpoints = append(x.trustpoints, x.setup.Trustpoints(len(x.trustpoints))...)
	return nil
}

func (r *run) trustpoint(name, ca string) (*pki.Trustpoint, error) {
	x, err := r.router(name)
	if err != nil {
		return nil, err
	}
	for _, tp := range x.trustpoints {
		if tp.Name == ca {
			return tp, nil
		}
	}
	return nil, fmt.Errorf("%s is not enrolled at %s", name, ca)
}

// revoke puts a certificate on the list that everybody else has.
func (r *run) revoke(name, ca string) error {
	tp, err := r.trustpoint(name, ca)
	if err != nil {
		return err
	}
	list := r.setup.CAs[ca].ParsedCRL(new(big.Int).Set(tp.Identity.X509.SerialNumber))
	return r.each(nil, func(x *router) error {
		for _, other := range x.trustpoints {
			if other.Name == ca && x.name != name {
				other.CRLs = []*pki.CRL{list}
			}
		}
		return nil
	})
}

func (r *run) start(words []string) error {
	options := engine.Options{Options: tunnel.Options{Manual: true}}
	if len(words) > 0 && words[0] == "auto" {
		options.Manual, words = false, words[1:]
	}
	return r.each(words, func(x *router) error {
		config, err := compile(x.name+".cfg", x.setup.Config)
		if err != nil {
			return err
		}
		x.Router = r.world.Add(x.name, config, script.Snapshot(config, x.trustpoints), options)
		return nil
	})
}

// compiled are the configurations so far by name and text: they never change, and the
// seeds of a scenario have the same.
var compiled sync.Map

func compile(name, text string) (*policy.Config, error) {
	key := [2]string{name, text}
	if config, ok := compiled.Load(key); ok {
		return config.(*policy.Config), nil
	}
	config, errs := policy.Compile(policy.Source{Name: name, Text: []byte(text)})
	if len(errs) > 0 {
		return nil, errs
	}
	compiled.Store(key, config)
	return config, nil
}

func (r *run) tell(name string, cmd ike.Command) error {
	x, err := r.router(name)
	if err != nil {
		return err
	}
	return x.Command(cmd)
}

func (r *run) clear(name, what string) error {
	switch what {
	case "isakmp":
		return r.tell(name, ike.ClearISAKMP{})
	case "ikev2":
		return r.tell(name, ike.ClearIKEv2{})
	case "sa":
		return r.tell(name, ike.ClearSA{})
	case "session":
		return r.tell(name, ike.ClearSession{})
	}
	return errors.New("isakmp, ikev2, sa or session")
}

// masquerade puts routers, which have to be started, behind the NAT.
func (r *run) masquerade(words []string) error {
	if words[0] == "idle" {
		return duration(words[1], &r.nat.Idle)
	}
	if words[0] == "to" {
		outside, err := netip.ParseAddr(words[1])
		r.world.Readdress(r.nat, outside)
		return err
	}
	outside, err := netip.ParseAddr(words[0])
	if err != nil {
		return err
	}
	var inside []*sim.Router
	err = r.each(words[1:], func(x *router) error { inside = append(inside, x.Router); return nil })
	r.nat = r.world.Masquerade(outside, inside...)
	return err
}

// reload makes a file of the archive the configuration of a router.
func (r *run) reload(name string, words []string) error {
	for _, f := range r.archive.Files {
		if f.Name == words[0] {
			return r.replace(name, f.Name, string(f.Data), words[1:])
		}
	}
	return os.ErrNotExist
}

// configure puts lines behind the configuration that a router has.
func (r *run) configure(name string, words []string) error {
	x, err := r.router(name)
	if err != nil {
		return err
	}
	var revert []string
	if words[0] == "revert" {
		revert, words = words[:2], words[2:]
	}
	lines := strings.ReplaceAll(strings.Join(words, " "), " | ", "\n")
	text := x.Config().Sources[0].Text
	return r.replace(name, x.Config().File(), fmt.Sprintf("%s\n%s\n", text, lines), revert)
}

// replace hands a configuration over, on trial where the words say "revert 5m".
func (r *run) replace(name, file, text string, revert []string) error {
	cmd := ike.Adopt{}
	if len(revert) > 0 {
		if err := duration(revert[1], &cmd.Revert); err != nil {
			return err
		}
	}
	var err error
	if cmd.Config, err = compile(file, text); err != nil {
		return err
	}
	return r.tell(name, cmd)
}

func (r *run) refuse(name, what string) error {
	x, err := r.router(name)
	if err != nil {
		return err
	}
	x.Dataplane.Refuse = func(sa ipsec.SA) error {
		if sa.Direction.String() == what {
			return errors.New("install SA: function not implemented")
		}
		return nil
	}
	return nil
}

// try initiates a tunnel, and lets time pass until it is up or given up.
func (r *run) try(name, itf, verdict string) error {
	x, err := r.router(name)
	if err == nil {
		err = errors.Join(r.command("mark"), x.Command(ike.Initiate{Tunnel: itf}))
	}
	if err != nil {
		return err
	}
	up := func() bool {
		return !slices.ContainsFunc(r.routers, func(x *router) bool {
			return !slices.ContainsFunc(x.Views().Tunnels, func(t tunnel.View) bool { return len(t.Children) > 0 })
		})
	}
	r.world.Until(decided, func() bool { return up() || failure(x) != "" })
	if up() != (verdict == "up") {
		return fmt.Errorf("up %v: %v", up(), r.failures())
	}
	return nil
}

// wait lets time pass until tunnels of the routers named, or all, are up or
// down, or until both routers agree.
func (r *run) wait(words []string) error {
	var limit time.Duration
	if err := duration(words[len(words)-1], &limit); err != nil {
		return err
	}
	if words[0] == "agreed" {
		var err error
		r.world.Until(limit, func() bool { err = r.agreed(); return err == nil })
		return err
	}
	state, names := words[0] == "up", words[1:len(words)-1]
	is := func() bool {
		return r.each(names, func(x *router) error {
			for _, t := range x.Views().Tunnels {
				if (len(t.Children) > 0) != state {
					return fmt.Errorf("%s: %d children, last failure: %s", t.Name, len(t.Children), t.Failure)
				}
			}
			return nil
		}) == nil
	}
	if !r.world.Until(limit, is) {
		return fmt.Errorf("not %s: %v", words[0], r.failures())
	}
	return nil
}

// failures are the reasons that the engines gave.
func (r *run) failures() []string {
	var list []string
	for _, x := range r.routers {
		for _, report := range x.Reports {
			if f, ok := report.Event.(ike.NegotiationFailed); ok {
				list = append(list, fmt.Sprintf("%s: %s: %s", x.name, f.Stage, f.Reason))
			}
		}
	}
	return list
}

func number(word string, n *int) (err error) {
	*n, err = strconv.Atoi(word)
	return err
}

func duration(word string, d *time.Duration) (err error) {
	*d, err = time.ParseDuration(word)
	return err
}

func share(word string, f *float64) error {
	var n int
	err := number(strings.TrimSuffix(word, "%"), &n)
	*f = float64(n) / 100
	return err
}

// flow lets time pass with a packet a second one way.
func (r *run) flow(from, tunnel, to, peerTunnel, length string) error {
	var d time.Duration
	x, err := r.router(from)
	y, errTo := r.router(to)
	if err := errors.Join(err, errTo, duration(length, &d)); err != nil {
		return err
	}
	for ; d > 0; d -= time.Second {
		r.world.Pass(x.Router, y.Router, tunnel, peerTunnel)
		r.world.Run(time.Second)
	}
	return nil
}
