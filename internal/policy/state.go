package policy

import (
	"net/netip"

	"github.com/obol-ike/obol/internal/state"
)

// StateInterface describes an interface by its name, and a Virtual-Access interface by
// its template and its ends too. One that a later configuration has no more is read as
// that name only.
func (c *Config) StateInterface(s *state.Codec, p **Interface) {
	var name, template string
	var local, remote netip.Addr
	if i := *p; i != nil {
		name = i.Name
		if i.ClonedFrom != "" && i.Tunnel != nil {
			template, local, remote = i.ClonedFrom, i.Tunnel.Source, i.Tunnel.Destination
		}
	}
	state.String(s, &name)
	state.String(s, &template)
	if template != "" {
		s.Addr(&local)
		s.Addr(&remote)
	}
	if !s.Reading() {
		return
	}
	*p = nil
	switch from := c.Interface(template); {
	case name == "":
	case from != nil && from.Template != nil:
		n, ok := AccessNumber(name)
		s.Want(ok && 0 < n && n <= MaxAccess, "number of a Virtual-Access interface")
		*p = from.Access(n, local, remote)
	default:
		if *p = c.Interface(name); *p == nil {
			*p = &Interface{Name: name}
		}
	}
}
