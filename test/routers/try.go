package routers

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/obol-ike/obol/test/script"
)

// Load gives the routers what a script has said of them: configurations, and
// stores as the obol command imports them. The stores before are gone.
func (p *Pair) Load(setup *script.Setup) error {
	for _, r := range []*Router{p.R1, p.R2} {
		said, err := setup.Router(r.Name)
		if err := errors.Join(err, r.kill()); err != nil {
			return err
		}
		r.Config = filepath.Join(p.Dir, r.Name+".cfg")
		if err := errors.Join(os.WriteFile(r.Config, []byte(said.Config), 0o600), os.RemoveAll(r.Store)); err != nil {
			return err
		}
		for _, e := range said.Enrolled {
			if err := r.Import(e.Trustpoint, e.Identity); err != nil {
				return err
			}
		}
	}
	return nil
}

// Outcome is how an attempt ended.
type Outcome struct {
	Up     bool
	Why    string // the line that decided it
	R1, R2 script.Seen
	// What came of a ping through the tunnel: "" when there was nothing to carry it,
	// or no two addresses of one network to ping between.
	Ping string
}

// Answered is the Ping that came back.
const Answered = "answered"

// established is what a daemon logs when a tunnel has its SAs.
const established = "IPsec SAs up"

// refused is in the lines after which an attempt comes to nothing, though its
// initiator repeats its message for a minute: IOS tells its peer of little.
var refused = []string{"IKMP_MODE_FAILURE", "IKMP_INVALID_CERT", "IKMP_BAD_MESSAGE", "Key not found in keyrings of profile", "negotiation failed"}

// lineWith is the first line with one of the words in it, "" when there is none.
func lineWith(log string, words ...string) string {
	for _, word := range words {
		if i := strings.Index(log, word); i >= 0 {
			line, _, _ := strings.Cut(log[strings.LastIndexByte(log[:i], '\n')+1:], "\n")
			return line
		}
	}
	return ""
}

// Try starts both daemons anew and initiates a tunnel: the attempt is decided when
// both ends have their SAs, or at the first refusal. They carry the traffic
// themselves where they can.
func (p *Pair) Try(first, tunnel string) (Outcome, error) {
	both := []*Router{p.R1, p.R2}
	carried := true
	err := p.startAnew("userspace")
	if err != nil && strings.Contains(err.Error(), "userspace carries") {
		carried = false
		err = p.startAnew("none")
	}
	if err != nil {
		return Outcome{}, err
	}
	i := slices.IndexFunc(both, func(r *Router) bool { return r.Name == first })
	said, err := both[i].Obol("initiate", tunnel, "--wait", "0s")
	o := Outcome{}
	switch {
	case ExitCode(err) == 1: // it cannot be initiated
		o.Why = strings.TrimSpace(said)
	case err != nil:
		return o, err
	default:
		if err := p.decide(&o); err != nil {
			return o, err
		}
	}
	if o.Up && carried {
		o.Ping = ping(both[i], both[1-i], tunnel)
	}
	o.R1, o.R2 = script.See(strings.Split(p.R1.Log(), "\n")), script.See(strings.Split(p.R2.Log(), "\n"))
	return o, nil
}

// startAnew starts both with a data plane; what ran is gone.
func (p *Pair) startAnew(plane string) error {
	for _, r := range []*Router{p.R1, p.R2} {
		if err := r.kill(); err != nil {
			return err
		}
	}
	for _, r := range []*Router{p.R1, p.R2} {
		if err := r.Start("--dataplane", plane, "--initiate", "manual", "--debug", "isakmp,ikev2,ikev2 internal,ipsec,pki"); err != nil {
			return err
		}
	}
	return nil
}

// ping goes through a tunnel to the address that the other router's tunnel has in
// its network.
func ping(from, to *Router, tunnel string) string {
	if err := errors.Join(from.AwaitSAs(), to.AwaitSAs()); err != nil {
		return err.Error()
	}
	own, err := from.Run("ip", "-o", "-4", "address", "show", "dev", tunnel)
	if err != nil {
		return err.Error()
	}
	all, err := to.Run("ip", "-o", "-4", "address")
	if err != nil {
		return err.Error()
	}
	for _, mine := range prefixes(own) {
		for _, other := range prefixes(all) {
			if mine.Addr() == other.Addr() || !mine.Contains(other.Addr()) {
				continue
			}
			// One that is answered, of those of ten seconds.
			if out, err := from.Run("ping", "-c", "1", "-w", "10", "-I", mine.Addr().String(), other.Addr().String()); err != nil {
				return out
			}
			return Answered
		}
	}
	return ""
}

// prefixes are those of tunnels in what ip -o address prints.
func prefixes(shown string) (list []netip.Prefix) {
	for line := range strings.Lines(shown) {
		words := strings.Fields(line)
		if len(words) < 4 || !strings.HasPrefix(words[1], "Tunnel") {
			continue
		}
		if p, err := netip.ParsePrefix(words[3]); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// kill ends a running daemon without a word to its peer, and forgets its log.
func (r *Router) kill() error {
	if r.cmd == nil {
		return nil
	}
	_, err := r.Signal(syscall.SIGKILL)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	r.cmd = nil
	r.mu.Lock()
	r.stderr.Reset()
	r.mu.Unlock()
	return err
}

// settled is how long an attempt that was refused is watched: it does not come up
// after all.
const settled = time.Second

func (p *Pair) decide(o *Outcome) error {
	end := time.Now().Add(2 * time.Minute)
	for ; time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		log1, log2 := p.R1.Log(), p.R2.Log()
		if up := lineWith(log1, established); up != "" && strings.Contains(log2, established) {
			o.Up, o.Why = true, up
			return nil
		}
		if why := cmp.Or(lineWith(log1, refused...), lineWith(log2, refused...)); why != "" && o.Why == "" {
			o.Why, end = why, time.Now().Add(settled)
		}
	}
	if o.Why == "" {
		return fmt.Errorf("undecided after two minutes\nR1: %s\nR2: %s", p.R1.Log(), p.R2.Log())
	}
	return nil
}
