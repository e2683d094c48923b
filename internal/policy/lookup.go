package policy

import "github.com/obol-ike/obol/internal/ios"

// FQDN is hostname.domain, "" when either is missing.
func (c *Config) FQDN() string {
	if c.Hostname == "" || c.Domain == "" {
		return ""
	}
	return c.Hostname + "." + c.Domain
}

// File is the name of the file that the configuration was compiled from, of several
// the last.
func (c *Config) File() string {
	if len(c.Sources) == 0 {
		return ""
	}
	return c.Sources[len(c.Sources)-1].Name
}

// Profile is the ISAKMP profile of a name, nil when there is none.
func (c *Config) Profile(name string) *ISAKMPProfile {
	for _, p := range c.Profiles {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Interface is the interface of a canonical name, nil when there is none.
func (c *Config) Interface(name string) *Interface {
	for _, i := range c.Interfaces {
		if i.Name == name {
			return i
		}
	}
	return nil
}

// IKEv2Profile is the IKEv2 profile of a name, nil when there is none.
func (c *Config) IKEv2Profile(name string) *IKEv2Profile {
	for _, p := range c.IKEv2.Profiles {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Place is the profile's name and where it is configured.
func (p *ISAKMPProfile) Place() (name string, at ios.Pos) { return p.Name, p.Pos }

// Place is the profile's name and where it is configured.
func (p *IKEv2Profile) Place() (name string, at ios.Pos) { return p.Name, p.Pos }
