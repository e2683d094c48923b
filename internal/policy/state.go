package policy

import "github.com/obol-ike/obol/internal/state"

// StateInterface describes an interface by its name. One that a later configuration
// has no more is read as that name only.
func (c *Config) StateInterface(s *state.Codec, p **Interface) {
	name := ""
	if *p != nil {
		name = (*p).Name
	}
	state.String(s, &name)
	if !s.Reading() {
		return
	}
	*p = nil
	if name != "" {
		if *p = c.Interface(name); *p == nil {
			*p = &Interface{Name: name}
		}
	}
}
