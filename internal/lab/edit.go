package lab

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
)

// editor makes changes of one router's text for one tunnel.
type editor struct {
	pair   *Pair
	router int
	*Router
	profile ikeProfile
}

// ikeProfile is the IKE profile of a tunnel, of either version.
type ikeProfile struct {
	name        string // "" when the tunnel names none
	kind        string // isakmp or ikev2
	word        string // the command that names a trustpoint
	trustpoints []string
	at          []ios.Pos // of them
	pos         ios.Pos
}

func profileOf(p *policy.IPsecProfile) ikeProfile {
	switch {
	case p.IKEv2Profile != nil:
		x := ikeProfile{name: p.IKEv2Profile.Name, kind: "ikev2", word: "pki trustpoint", at: p.IKEv2Profile.TrustpointAt, pos: p.IKEv2Profile.Pos}
		for _, t := range p.IKEv2Profile.Trustpoints {
			x.trustpoints = append(x.trustpoints, t.Name)
		}
		return x
	case p.ISAKMPProfile != nil:
		return ikeProfile{
			name: p.ISAKMPProfile.Name, kind: "isakmp", word: "ca trust-point",
			trustpoints: p.ISAKMPProfile.Trustpoints, at: p.ISAKMPProfile.TrustpointAt, pos: p.ISAKMPProfile.Pos,
		}
	}
	return ikeProfile{}
}

// String is the profile in a sentence.
func (x ikeProfile) String() string { return x.kind + " profile " + x.name }

// lines of the text; line n is lines()[n-1].
func (e editor) lines() []string { return strings.Split(string(e.Text), "\n") }

// edited makes a change of edited lines.
func (e editor) edited(lines []string, line int, format string, args ...any) change {
	return change{router: e.router, words: sentence(fmt.Sprintf(format, args...)), line: line, text: []byte(strings.Join(lines, "\n"))}
}

// add puts a line behind another one, in its block.
func (e editor) add(text string, line int) change {
	return e.edited(slices.Insert(e.lines(), line, " "+text), line, "Add %s to %s of %s", text, e.profile, e.Name)
}

// addTrustpoint names one more trustpoint in the profile.
func (e editor) addTrustpoint() (all []change) {
	if e.profile.name == "" {
		return nil
	}
	line := e.profile.pos.Line
	if n := len(e.profile.at); n > 0 {
		line = e.profile.at[n-1].Line
	}
	for _, t := range e.Config.Trustpoints {
		if !t.SelfSigned && !slices.Contains(e.profile.trustpoints, t.Name) {
			all = append(all, e.add(e.profile.word+" "+t.Name, line))
		}
	}
	return all
}

// dropTrustpoint names one less.
func (e editor) dropTrustpoint() (all []change) {
	for i, name := range e.profile.trustpoints {
		line, then := e.profile.at[i].Line, ""
		if len(e.profile.trustpoints) == 1 {
			then = ", so that it accepts every trustpoint"
		}
		all = append(all, e.edited(slices.Delete(e.lines(), line-1, line), line, "Take %s %s out of %s of %s%s", e.profile.word, name, e.profile, e.Name, then))
	}
	return all
}

// enrolment makes the certificate of another trustpoint the newest.
func (e editor) enrolment() (all []change) {
	for i, name := range e.Order.Trustpoints {
		if i == len(e.Order.Trustpoints)-1 {
			break // it is the newest
		}
		rest := slices.Delete(slices.Clone(e.Order.Trustpoints), i, i+1)
		directive := "!obol enrolled " + strings.Join(append(rest, name), " ")
		lines := e.lines()
		if n := e.Config.EnrolledPos.Line; n > 0 {
			lines[n-1] = directive
		} else {
			lines = slices.Insert(lines, 0, directive)
		}
		all = append(all, e.edited(lines, e.trustpointLine(name), "Enrol %s at trustpoint %s again, so that this certificate is its newest", e.Name, name))
	}
	return all
}

// trustpointLine is where a trustpoint is configured.
func (e editor) trustpointLine(name string) int {
	for _, t := range e.Config.Trustpoints {
		if t.Name == name {
			return policy.TrustpointPos(t).Line
		}
	}
	return 0
}

// matchPeer adds a rule for what the peer calls itself.
func (e editor) matchPeer(a attempt, d Direction) []change {
	id := d.Initiator.Identity
	if e.router == a.initiator {
		id = d.Responder.Identity
	}
	words := map[string][3]string{
		"isakmp": {"match identity address ", "match identity user ", "match identity host "},
		"ikev2":  {"match identity remote address ", "match identity remote email ", "match identity remote fqdn "},
	}[e.profile.kind]
	addr, err := netip.ParseAddr(id)
	switch {
	case e.profile.name == "" || id == "" || strings.ContainsAny(id, "=\" "):
		return nil // a distinguished name wants a certificate map
	case err == nil && addr.Is4():
		return []change{e.add(words[0]+id+" 255.255.255.255", e.profile.pos.Line)}
	case err == nil:
		return nil
	case strings.Contains(id, "@"):
		return []change{e.add(words[1]+id, e.profile.pos.Line)}
	}
	return []change{e.add(words[2]+id, e.profile.pos.Line)}
}

// order configures the profile last: of profiles that match equally well the last one
// wins.
func (e editor) order() []change {
	if e.profile.name == "" || len(e.others()) == 0 {
		return nil
	}
	lines := e.lines()
	from := e.profile.pos.Line - 1
	to := from + 1
	for to < len(lines) && !opens(lines[to]) {
		to++
	}
	block := slices.Clone(lines[from:to])
	lines = slices.Delete(lines, from, to)
	end := len(lines)
	for i, l := range lines {
		if strings.TrimSpace(l) == "end" {
			end = i
			break
		}
	}
	return []change{e.edited(slices.Insert(lines, end, block...), from+1, "Configure %s of %s after the other profiles: take it out, and write it again", e.profile, e.Name)}
}

// opens says whether a line ends the block before it.
func opens(line string) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	return strings.HasPrefix(word, "!") || slices.Contains([]string{"crypto", "interface", "ip", "ipv6", "hostname", "router", "line", "end", "exit"}, word)
}

// others are the profiles of the same kind, with their rules.
func (e editor) others() map[string][]policy.Match {
	all := map[string][]policy.Match{}
	for _, p := range e.Config.Profiles {
		if e.profile.kind == "isakmp" {
			all[p.Name] = p.Matches
		}
	}
	for _, p := range e.Config.IKEv2.Profiles {
		if e.profile.kind == "ikev2" {
			all[p.Name] = p.Matches
		}
	}
	delete(all, e.profile.name)
	return all
}

// dropRule takes a match rule out of another profile.
func (e editor) dropRule() (all []change) {
	lines := e.lines()
	for name, rules := range e.others() {
		for _, m := range rules {
			n := m.Pos.Line
			all = append(all, e.edited(slices.Delete(slices.Clone(lines), n-1, n), n, "Take %s out of %s profile %s of %s", strings.TrimSpace(lines[n-1]), e.profile.kind, name, e.Name))
		}
	}
	slices.SortFunc(all, func(x, y change) int { return x.line - y.line })
	return all
}
