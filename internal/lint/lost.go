package lint

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
)

// lost tells of tunnels whose other end is nowhere among the routers.
func (c *checker) lost() {
	facing, busy, owner := map[*policy.Interface]bool{}, map[*router]bool{}, map[netip.Addr]*router{}
	for i, r := range c.routers {
		for _, n := range r.Config.Interfaces {
			for _, p := range n.Addresses {
				owner[p.Addr()] = r
			}
		}
		for _, s := range c.routers[i+1:] {
			for _, l := range links(r, s) {
				facing[l.a.tunnel], facing[l.b.tunnel], busy[r], busy[s] = true, true, true, true
			}
		}
	}
	abroad := map[*router][]end{} // tunnels to addresses that no router here has
	for _, r := range c.routers {
		for _, e := range r.ends() {
			if owner[e.peer()] == nil {
				abroad[r] = append(abroad[r], e)
			}
		}
	}
	for _, r := range c.routers {
		for _, e := range r.ends() {
			if peer := owner[e.peer()]; peer != nil && peer != r && !facing[e.tunnel] {
				c.oneSided(e, peer, abroad[peer])
				busy[peer] = busy[peer] || len(abroad[peer]) > 0
			}
		}
	}
	for _, r := range c.routers {
		c.abroad(r, abroad[r], busy[r])
	}
}

// oneSided tells of a tunnel to a router that has none back. One that goes to an
// address that nobody here has may be meant: a NAT's. A hub makes the tunnel back of a
// Virtual-Template when it is called.
func (c *checker) oneSided(e end, peer *router, abroad []end) {
	if slices.ContainsFunc(peer.Config.Interfaces, func(i *policy.Interface) bool { return i.Template != nil }) {
		return
	}
	if len(abroad) > 0 {
		back := abroad[0]
		c.add(NotConfigured, Warning, []ios.Pos{e.tunnel.Pos, back.tunnel.Pos}, fmt.Sprintf("make %s the tunnel destination of %s, unless a NAT gives %s the address %s", e.local(), back, e.Name, back.peer()),
			"%s goes to %s of %s, and %s does not come back to %s, but goes to %s, which no router here has", e, e.peer(), peer.Name, back, e.local(), back.peer())
		return
	}
	c.add(NotConfigured, Error, []ios.Pos{e.tunnel.Pos}, fmt.Sprintf("give %s an interface Tunnel with protection from %s to %s, or correct tunnel destination of %s", peer.Name, e.peer(), e.local(), e.tunnel.Name),
		"%s goes to %s of %s, which has no tunnel from there to %s", e, e.peer(), peer.Name, e.local())
}

// abroad tells of tunnels to addresses that nobody here has. A router that one of
// the others has a tunnel with may well have more, to routers that nobody showed us.
func (c *checker) abroad(r *router, ends []end, busy bool) {
	if len(ends) == 0 {
		return
	}
	severity := Error
	if busy {
		severity = Info
	}
	var names []string
	var where []ios.Pos
	for _, e := range ends {
		names, where = append(names, fmt.Sprintf("%s to %s", e.tunnel.Name, e.peer())), append(where, e.tunnel.Pos)
	}
	c.add(NoSuchPeer, severity, where, "correct tunnel destination, or show the router that has the address", "No router here has the destination of %s of %s", strings.Join(names, ", "), r.Name)
}
